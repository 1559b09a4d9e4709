import { beforeEach, describe, expect, test, vi } from "vitest";

import type { Brush } from "../../../src/engine/model/graph-weights";
import type { Runtime, Session } from "../../../src/engine/model/runtime";
import { createNetworks, KEY_MOTION, type Moment, type Networks, PAUSE } from "../../../src/engine/painters/steady";
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

const STATE: StateTensor[] = [
  { name: "last_painting", from: "painted", channels: 3, over: 1 },
  { name: "last_light", from: "next_last_light", channels: 1, over: 2 },
];
const size = { width: 3, height: 2 };
const moment: Moment = { size, mirror: false, time: null };
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
    const isStep = "stability" in feeds;
    gave.push(isStep ? { painted, next_last_light: tensor(1, width / 2, height / 2) } : { painted });
    return gave.at(-1)!;
  };
  return { fed, gave, run, release: vi.fn(async () => {}) };
}

let plain: ReturnType<typeof session>;
let step: ReturnType<typeof session>;
let openStep: () => Promise<Session>;
/** With a brush: what was opened, in order. */
let opened: { role: string; brush: Brush; session: ReturnType<typeof session> }[];
const open = async (role: string, brush: Brush): Promise<Session> => {
  if (Object.keys(brush).length === 0) return openStep();
  opened.push({ role, brush, session: session() });
  return opened.at(-1)!.session as unknown as Session;
};
const unsteady = vi.fn();
const paint = (by: Networks, of: Tensor, at: Partial<Moment> = {}) =>
  by.paint(of as never, { ...moment, ...at }).then(({ painted }) => painted as unknown as Tensor);

function networks(state = STATE, renewAfter?: number): Networks {
  const zeros = (dims: number[]) =>
    new Tensor("float32", new Float32Array(dims.reduce((a, b) => a * b)), dims) as never;
  const ort = { Tensor } as unknown as Runtime;
  const copied = ({ data, dims }: Tensor) => new Tensor("float32", data.slice(), dims);
  const copies = copied as never;
  const graphs = { brush: {}, frame: Promise.resolve(plain as never), step: null };
  return createNetworks({ ort, plain: graphs, open, state, zeros, copied: copies, renewAfter, unsteady });
}

beforeEach(() => {
  [plain, step, opened] = [session(), session(), []];
  openStep = vi.fn(async () => step as unknown as Session);
  unsteady.mockReset();
});

describe("the step graph", () => {
  test("tells how the frame has moved, where the model does, until the next frame", async () => {
    const by = networks([...STATE, { name: KEY_MOTION, from: "next_last_light", channels: 1, over: 2 }]);
    by.setStability(1);
    const first = await by.paint(frame() as never, moment);
    expect(first.motion).toEqual({
      key_motion: step.gave[0].next_last_light,
      last_key_motion: step.fed[0][KEY_MOTION],
      extent: [0.75, 1],
    });
    expect(step.fed[0][KEY_MOTION].disposed).toBe(false);
    const second = await by.paint(frame() as never, moment);
    expect(second.motion!.last_key_motion).toBe(step.gave[0].next_last_light);
    expect(step.fed[0][KEY_MOTION].disposed).toBe(true);
    by.setStability(0);
    expect((await by.paint(frame() as never, moment)).motion).toBe(null);
    expect([step.gave[0], step.gave[1]].every((gave) => gave.next_last_light.disposed)).toBe(true);
    const silent = networks();
    silent.setStability(1);
    expect((await silent.paint(frame() as never, moment)).motion).toBe(null);
  });

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

  test("is handed zeros, then what it gave for the frame before; and the stability that was chosen", async () => {
    const steady = networks();
    steady.setStability(0.75);
    const first = await paint(steady, frame());
    const second = await paint(steady, frame());
    const [begun, next] = step.fed as [Feeds, Feeds];
    expect(Object.keys(begun)).toEqual(["frame", "style", "stability", "last_painting", "last_light"]);
    for (const { name, channels, over } of STATE) {
      expect(begun[name].dims).toEqual([1, channels, 2 / over, 4 / over]);
      expect(begun[name].data.every((value) => value === 0)).toBe(true);
    }
    expect([begun, next].map(({ stability }) => stability.data)).toEqual(Array(2).fill(Float32Array.of(0.75)));
    expect(next.last_painting).toBe(first);
    expect(next.last_light).toBe(step.gave[0].next_last_light);
    expect(second).toBe(step.gave[1].painted);
    expect(openStep).toHaveBeenCalledTimes(1);
  });

  test("lets go of whatever is not needed any more, and of nothing else", async () => {
    const steady = networks();
    steady.setStability(1);
    for (let i = 0; i < 5; i++) await paint(steady, frame());
    const alive = step.gave.flatMap((gave, at) =>
      Object.keys(gave).flatMap((name) => (gave[name].disposed ? [] : [`${name} ${at}`])),
    );
    expect(alive).toEqual(["painted 4", "next_last_light 4"]);
    expect(STATE.every(({ name }) => step.fed[0][name].disposed)).toBe(true);
    steady.reset();
    steady.setStability(0);
    await paint(steady, frame());
    expect(step.gave.flatMap((gave) => Object.values(gave)).every(({ disposed }) => disposed)).toBe(true);
    expect(plain.gave[0].painted.disposed).toBe(false);
  });

  test("does not carry on what was reset while it was painted", async () => {
    const steady = networks();
    steady.setStability(1);
    await paint(steady, frame());
    const run = step.run;
    step.run = async (feeds) => {
      steady.reset();
      return run(feeds);
    };
    expect((await paint(steady, frame())).disposed).toBe(false);
    step.run = run;
    await paint(steady, frame());
    expect(isFresh()).toBe(true);
  });

  /** Whether the last frame was painted as the first. */
  const isFresh = () => step.fed.at(-1)!.last_painting.data.every((value) => value === 0) && !handedOn();
  const handedOn = () => step.gave.some(({ painted }) => painted === step.fed.at(-1)!.last_painting);

  test.each<[string, (steady: Networks) => unknown]>([
    ["a new clip", (steady) => steady.reset()],
    ["another style", (steady) => steady.setStyle(new Float32Array(4))],
    [
      "a frame painted by itself",
      async (steady) => {
        steady.setStability(0);
        await paint(steady, frame());
        steady.setStability(1);
      },
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

  test("goes on when the same style is chosen again", async () => {
    const steady = networks();
    steady.setStability(1);
    steady.setStyle(Float32Array.of(1, 2));
    await paint(steady, frame());
    steady.setStyle(Float32Array.of(1, 2));
    await paint(steady, frame());
    expect(isFresh()).toBe(false);
    expect(step.fed[1].style.data).toEqual(Float32Array.of(1, 2));
  });

  test("begins anew at another size, even one that is padded to the same", async () => {
    const steady = networks();
    steady.setStability(1);
    await paint(steady, frame());
    await paint(steady, frame(), { size: { width: 4, height: 2 } });
    expect(isFresh()).toBe(true);
    await paint(steady, frame(8), { size: { width: 8, height: 2 } });
    expect(isFresh()).toBe(true);
    expect(step.fed[2].last_painting.dims).toEqual([1, 3, 2, 8]);
  });

  test("begins anew where frames come the other way round, and where a clip follows a camera", async () => {
    const steady = networks();
    steady.setStability(1);
    const fresh: boolean[] = [];
    for (const at of [{}, { mirror: true }, { mirror: true }, { time: 5 }, { time: 6 }, {}]) {
      await paint(steady, frame(), at);
      fresh.push(isFresh());
    }
    expect(fresh).toEqual([true, true, false, true, false, true]);
  });

  test("begins anew after a pause of the camera, and only then", async () => {
    const steady = networks();
    steady.setStability(1);
    const fresh: boolean[] = [];
    for (const time of [0, 40, 40 + PAUSE, 41 + 2 * PAUSE, 80 + 2 * PAUSE]) {
      await paint(steady, frame(), { time });
      fresh.push(isFresh());
    }
    expect(fresh).toEqual([true, false, false, true, false]);
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
    expect([last.disposed, step.gave[0].next_last_light.disposed]).toEqual([true, true]);
  });
});

describe("a session that does not live long", () => {
  /** Step sessions, in the order they were opened; each dies after so many frames, and then gives no more. */
  let sessions: ReturnType<typeof session>[];
  const mortal = (frames: number) => {
    sessions = [];
    openStep = vi.fn(async () => {
      const next = session();
      const run = next.run;
      next.run = async (feeds) => {
        if (next.fed.length >= frames) throw new Error("device lost");
        const found = await run(feeds);
        found.next_last_light.data.fill(next.fed.length);
        return found;
      };
      sessions.push(next);
      return next as unknown as Session;
    });
  };
  const paintMany = async (by: Networks, frames: number) => {
    for (let i = 0; i < frames; i++) expect((await paint(by, frame())).disposed).toBe(false);
  };
  const carriedOn = (to: Feeds, from: Feeds) => {
    expect([...to.last_light.data]).toEqual([...from.next_last_light.data]);
    expect(to.last_light).not.toBe(from.next_last_light);
  };

  test("is replaced before it dies, with its state, and what is released is not read", async () => {
    mortal(50);
    const steady = networks(STATE, 40);
    steady.setStability(1);
    await paintMany(steady, 100);
    expect(sessions.map(({ fed }) => fed.length)).toEqual([40, 40, 20]);
    expect(sessions.map(({ release }) => release.mock.calls.length)).toEqual([1, 1, 0]);
    carriedOn(sessions[1].fed[0], sessions[0].gave[39]);
    carriedOn(sessions[2].fed[0], sessions[1].gave[39]);
    expect(sessions[0].gave.flatMap((gave) => Object.values(gave)).every(({ disposed }) => disposed)).toBe(true);
    expect(unsteady).not.toHaveBeenCalled();
  });

  test("is replaced when it dies all the same: the frame is painted by the next, steadily", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    mortal(45);
    const steady = networks();
    steady.setStability(1);
    await paintMany(steady, 100);
    expect(sessions.map(({ fed }) => fed.length)).toEqual([45, 45, 10]);
    carriedOn(sessions[1].fed[0], sessions[0].gave[44]);
    expect(unsteady).not.toHaveBeenCalled();
    expect(plain.fed).toEqual([]);
  });

  test("is given up where the next one dies at once", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    mortal(45);
    const steady = networks();
    steady.setStability(1);
    await paintMany(steady, 45);
    const after = openStep;
    openStep = vi.fn(async () => {
      const broken = (await after()) as unknown as ReturnType<typeof session>;
      broken.run = async () => Promise.reject(new Error("device lost"));
      return broken as unknown as Session;
    });
    await paintMany(steady, 3);
    expect(plain.fed).toHaveLength(3);
    expect(unsteady).toHaveBeenCalledTimes(1);
  });

  test("of frames painted by themselves is replaced, too", async () => {
    const alone = session();
    openStep = vi.fn(async () => alone as unknown as Session);
    const each = networks(STATE, 40);
    await paintMany(each, 50);
    expect([plain.fed.length, alone.fed.length, plain.release.mock.calls.length]).toEqual([40, 10, 1]);
  });
});

describe("a brush", () => {
  const style = Float32Array.of(1, 2);
  const brush = (value: number): Brush => ({ "end.conv.bias": Float32Array.of(value) });

  test("is put on both graphs when they are next needed, and forgets the past", async () => {
    const steady = networks();
    steady.setStability(1);
    steady.setStyle(style);
    await paint(steady, frame());
    steady.setStyle(style, brush(1));
    expect(opened).toEqual([]);
    await paint(steady, frame());
    await paint(steady, frame());
    expect(opened.map(({ role }) => role)).toEqual(["step"]);
    const [first, second] = opened[0].session.fed;
    expect(first.last_painting.data.every((value) => value === 0)).toBe(true);
    expect(second.last_painting).toBe(opened[0].session.gave[0].painted);
    steady.setStability(0);
    await paint(steady, frame());
    expect(opened.map(({ role }) => role)).toEqual(["step", "frame"]);
    expect(plain.fed).toEqual([]);
  });

  test("costs nothing where another comes before the next frame, or the same comes again", async () => {
    const steady = networks();
    for (const value of [1, 2, 3]) steady.setStyle(style, brush(value));
    await paint(steady, frame());
    steady.setStyle(style, brush(3));
    await paint(steady, frame());
    expect(opened.map((each) => each.brush)).toEqual([brush(3)]);
    expect(opened[0].session.fed.length).toBe(2);
  });

  test("leaves the plain graphs open, and none of its own when it goes", async () => {
    const steady = networks();
    steady.setStyle(style, brush(1));
    await paint(steady, frame());
    steady.setStyle(style, brush(2));
    await paint(steady, frame());
    expect(opened.map(({ session }) => session.release.mock.calls.length)).toEqual([1, 0]);
    expect(opened[0].session.gave[0].painted.disposed).toBe(true);
    steady.setStyle(style);
    await paint(steady, frame());
    expect(plain.fed.length).toBe(1);
    expect(plain.release).not.toHaveBeenCalled();
    await steady.release();
    expect(opened.map(({ session }) => session.release.mock.calls.length)).toEqual([1, 1]);
    expect(plain.release).toHaveBeenCalledTimes(1);
  });
});
