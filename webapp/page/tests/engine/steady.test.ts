import { beforeEach, describe, expect, test, vi } from "vitest";

import type { Runtime, Session } from "../../src/engine/runtime";
import { type Networks, createNetworks, pixelGrid } from "../../src/engine/steady";

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

const STATE = [
  { name: "previous", from: "frame" },
  { name: "carried", from: "painted" },
  { name: "grid", from: "size" },
] as const;
const size = { width: 3, height: 2 };
const frame = (width = 4, height = 2) => new Tensor("float32", new Float32Array(3 * width * height), [1, 3, height, width]);

/** A session that remembers what it was fed with. */
function session() {
  const fed: Feeds[] = [];
  const run = async (feeds: Feeds) => {
    fed.push(feeds);
    return { painted: frame(feeds.frame!.dims[3], feeds.frame!.dims[2]) };
  };
  return { fed, run, release: vi.fn(async () => {}) };
}

let plain: ReturnType<typeof session>;
let step: ReturnType<typeof session>;
let openStep: () => Promise<Session>;
const unsteady = vi.fn();
const paint = (networks: Networks, of: Tensor, at = size) => networks.paint(of as never, at) as unknown as Promise<Tensor>;

function networks(state: readonly (typeof STATE)[number][] = STATE): Networks {
  const place = (values: Float32Array, dims: number[]) => new Tensor("float32", values, dims) as never;
  return createNetworks({ ort: { Tensor } as unknown as Runtime, frame: plain as never, openStep, state: [...state], place, unsteady });
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
    expect(plain.fed.map((feeds) => Object.keys(feeds))).toEqual([["frame", "style"], ["frame", "style"]]);
  });

  test("carries the frame before and its painting; the first frame has nothing but itself", async () => {
    const steady = networks();
    steady.setStability(0.75);
    const [a, b] = [frame(), frame()];
    const first = await paint(steady, a);
    const second = await paint(steady, b);
    expect(step.fed[0]).toMatchObject({ stability: { data: Float32Array.of(0) } });
    expect([step.fed[0]!.previous, step.fed[0]!.carried]).toEqual([a, a]);
    expect(step.fed[1]!.stability!.data).toEqual(Float32Array.of(0.75));
    expect(step.fed[1]!.previous).toBe(a);
    expect(step.fed[1]!.carried).toBe(first);
    expect(step.fed[1]!.grid).toBe(step.fed[0]!.grid);
    expect(step.fed[1]!.grid!.dims).toEqual([1, 2, 2, 4]);
    expect([first.disposed, second.disposed]).toEqual([true, false]);
    expect(openStep).toHaveBeenCalledTimes(1);
  });

  const isFresh = () => step.fed.at(-1)!.stability!.data[0] === 0 && step.fed.at(-1)!.previous === step.fed.at(-1)!.frame;

  test.each<[string, (steady: Networks) => unknown]>([
    ["a reset", (steady) => steady.reset()],
    ["another style", (steady) => steady.setStyle(new Float32Array(4))],
    ["a frame painted by itself", async (steady) => (steady.setStability(0), await paint(steady, frame()), steady.setStability(1))],
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
    const { grid } = step.fed[1]!;
    await paint(steady, frame(8), { width: 8, height: 2 });
    expect(isFresh()).toBe(true);
    expect(step.fed[2]!.grid!.dims).toEqual([1, 2, 2, 8]);
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
    expect([last.disposed, step.fed[0]!.grid!.disposed]).toEqual([true, true]);
  });
});
