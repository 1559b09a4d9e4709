import { beforeEach, describe, expect, test, vi } from "vitest";

import type { Runtime, Session } from "../../../src/engine/model/runtime";
import { createNetworks, type Networks, pixelGrid } from "../../../src/engine/painters/steady";
import type { StateTensor } from "../../../src/types";

class Tensor {
  disposed = false;
  type: string;
  data: Float32Array;
  dims: number[];
  constructor(type: string, data: Float32Array, dims: number[]) {
    [this.type, this.data, this.dims] = [type, data, dims];
  }
  dispose() {
    this.disposed = true;
  }
}
type Feeds = Record<string, Tensor>;

const KEY = 3;
const STATE: StateTensor[] = [
  { name: "grid", from: "size", channels: 2, over: 1 },
  { name: "previous", from: "small", channels: 3, over: 2 },
  { name: "carried", from: "painted", channels: 3, over: 1 },
  { name: "key", from: "small", channels: 3, over: 2, every: KEY },
  { name: "key_painted", from: "painted", channels: 3, over: 1, every: KEY },
  { name: "key_motion", from: "motion", channels: 2, over: 2, anew: KEY },
];
const size = { width: 3, height: 2 };
const tensor = (channels: number, width: number, height: number) =>
  new Tensor("float32", new Float32Array(channels * width * height), [1, channels, height, width]);
const frame = (width = 4, height = 2) => tensor(3, width, height);

/** A session that remembers what it was fed with and what it gave. */
function session() {
  const fed: Feeds[] = [];
  const gave: Feeds[] = [];
  const run = async (feeds: Feeds) => {
    fed.push(feeds);
    const [height, width] = feeds.frame!.dims.slice(-2) as [number, number];
    const painted = tensor(3, width, height);
    gave.push(
      "previous" in feeds
        ? { painted, small: tensor(3, width / 2, height / 2), motion: tensor(2, width / 2, height / 2) }
        : { painted },
    );
    return gave.at(-1)!;
  };
  return { fed, gave, run, release: vi.fn(async () => {}) };
}

let plain: ReturnType<typeof session>;
let step: ReturnType<typeof session>;
let openStep: () => Promise<Session>;
const unsteady = vi.fn();
const paint = (networks: Networks, of: Tensor, at = size) =>
  networks.paint(of as never, at) as unknown as Promise<Tensor>;

function networks(state = STATE): Networks {
  const place = (values: Float32Array, dims: number[]) => new Tensor("float32", values, dims) as never;
  return createNetworks({
    ort: { Tensor } as unknown as Runtime,
    frame: plain as never,
    openStep,
    state,
    place,
    unsteady,
  });
}

beforeEach(() => {
  [plain, step] = [session(), session()];
  openStep = vi.fn(async () => step as unknown as Session);
  unsteady.mockReset();
});

test("the grid holds the centres of the pixels, x before y", () => {
  const third = Math.fround(2 / 3);
  expect([...pixelGrid({ width: 3, height: 2 })].map((v) => Math.round(v * 1e6) / 1e6)).toEqual(
    [-third, 0, third, -third, 0, third, -0.5, -0.5, -0.5, 0.5, 0.5, 0.5].map((v) => Math.round(v * 1e6) / 1e6),
  );
});

describe("the step graph", () => {
  test("is not even opened while nobody wants it, nor where the model has none", async () => {
    const each = networks();
    await paint(each, frame());
    const without = networks([]);
    without.setStability(1);
    await paint(without, frame());
    expect(openStep).not.toHaveBeenCalled();
    expect(plain.fed.map((feeds) => Object.keys(feeds))).toEqual([
      ["frame", "style"],
      ["frame", "style"],
    ]);
  });

  test("carries what the model says; the first frame is painted by itself, and its past is nothing", async () => {
    const steady = networks();
    steady.setStability(0.75);
    const first = await paint(steady, frame());
    const second = await paint(steady, frame());
    const [begun, next] = step.fed as [Feeds, Feeds];
    expect(begun.stability!.data).toEqual(Float32Array.of(0));
    expect(begun.grid!.data).toEqual(pixelGrid({ width: 4, height: 2 }));
    for (const { name, channels, over } of STATE.slice(1)) {
      expect(begun[name].dims).toEqual([1, channels, 2 / over, 4 / over]);
      expect(begun[name].data.every((value) => value === 0)).toBe(true);
    }
    expect(next.stability!.data).toEqual(Float32Array.of(0.75));
    expect(next.carried).toBe(first);
    expect(next.previous).toBe(step.gave[0].small);
    expect(next.grid).toBe(begun.grid);
    expect(second).toBe(step.gave[1].painted);
    expect(openStep).toHaveBeenCalledTimes(1);
  });

  test("holds the key for a while, and its motion begins anew with it", async () => {
    const steady = networks();
    steady.setStability(1);
    for (let i = 0; i < 8; i++) await paint(steady, frame());
    const gave = (name: string, at: number) => step.gave[at][name];
    const keys = [0, 0, 0, 3, 3, 3, 6];
    expect(step.fed.slice(1).map((fed) => fed.key_painted)).toEqual(keys.map((at) => gave("painted", at)));
    expect(step.fed.slice(1).map((fed) => fed.key)).toEqual(keys.map((at) => gave("small", at)));
    const zero = step.fed[0].key_motion;
    const motions = [zero, gave("motion", 1), gave("motion", 2), zero, gave("motion", 4), gave("motion", 5), zero];
    expect(step.fed.slice(1).map((fed, i) => fed.key_motion === motions[i])).toEqual(Array(7).fill(true));
  });

  test("lets go of whatever is not needed any more, and of nothing else", async () => {
    const steady = networks();
    steady.setStability(1);
    for (let i = 0; i < 5; i++) await paint(steady, frame());
    const alive = step.gave.flatMap((gave, at) =>
      Object.keys(gave).flatMap((name) => (gave[name].disposed ? [] : [`${name} ${at}`])),
    );
    expect(alive).toEqual(["painted 3", "small 3", "painted 4", "small 4", "motion 4"]);
    expect(Object.values(step.fed[0]).some(({ disposed }) => disposed)).toBe(false); // the next clip begins with it
    steady.reset();
    steady.setStability(0);
    await paint(steady, frame());
    expect(step.gave.flatMap((gave) => Object.values(gave)).every(({ disposed }) => disposed)).toBe(true);
    expect(plain.gave[0].painted!.disposed).toBe(false);
  });

  test("does not carry on what was reset while it was painted", async () => {
    const steady = networks();
    steady.setStability(1);
    await paint(steady, frame());
    const run = step.run;
    step.run = async (feeds) => (steady.reset(), await run(feeds));
    expect((await paint(steady, frame())).disposed).toBe(false);
    step.run = run;
    await paint(steady, frame());
    expect(step.fed[2].stability!.data[0]).toBe(0);
  });

  const isFresh = () =>
    step.fed.at(-1)!.stability!.data[0] === 0 && step.fed.at(-1)!.carried!.data.every((value) => value === 0);

  test.each<[string, (steady: Networks) => unknown]>([
    ["a reset", (steady) => steady.reset()],
    ["another style", (steady) => steady.setStyle(new Float32Array(4))],
    [
      "a frame painted by itself",
      async (steady) => (steady.setStability(0), await paint(steady, frame()), steady.setStability(1)),
    ],
  ])("begins anew after %s", async (_, cut) => {
    const steady = networks();
    steady.setStability(1);
    await paint(steady, frame());
    await paint(steady, frame());
    expect(isFresh()).toBe(false);
    await cut(steady);
    await paint(steady, frame());
    expect(isFresh()).toBe(true);
    await paint(steady, frame());
    expect(isFresh()).toBe(false);
  });

  test("begins anew at another size, even one that is padded to the same, with a grid for each", async () => {
    const steady = networks();
    steady.setStability(1);
    await paint(steady, frame());
    await paint(steady, frame(), { width: 4, height: 2 });
    expect(isFresh()).toBe(true);
    const { grid } = step.fed[1];
    expect(grid).toBe(step.fed[0].grid);
    await paint(steady, frame(8), { width: 8, height: 2 });
    expect(isFresh()).toBe(true);
    expect(step.fed[2].grid!.dims).toEqual([1, 2, 2, 8]);
    expect(grid!.disposed).toBe(true);
  });

  test.each<[string, () => void]>([
    ["cannot be opened", () => (openStep = vi.fn(async () => Promise.reject(new Error("no such operator"))))],
    ["does not run", () => (step.run = async () => Promise.reject(new Error("too many buffers")))],
  ])("that %s is told once, and every frame painted by itself", async (_, breakIt) => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    breakIt();
    const steady = networks();
    steady.setStability(1);
    await paint(steady, frame());
    await paint(steady, frame());
    expect(plain.fed).toHaveLength(2);
    expect(unsteady).toHaveBeenCalledTimes(1);
    expect(openStep).toHaveBeenCalledTimes(1);
  });

  test("goes without a word where nothing else works either: then the painter is lost, not the stability", async () => {
    step.run = plain.run = async () => Promise.reject(new Error("device lost"));
    const steady = networks();
    steady.setStability(1);
    await expect(paint(steady, frame())).rejects.toThrow("device lost");
    expect(unsteady).not.toHaveBeenCalled();
  });

  test("is released with everything else", async () => {
    const steady = networks();
    steady.setStability(1);
    const last = await paint(steady, frame());
    await steady.release();
    expect([plain.release, step.release].map((release) => release.mock.calls.length)).toEqual([1, 1]);
    expect([last.disposed, step.fed[0].grid!.disposed]).toEqual([true, true]);
  });
});
