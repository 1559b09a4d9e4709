import { beforeEach, expect, test, vi } from "vitest";

import type { Runtime, Session } from "../../../src/engine/model/runtime";
import { createPerson } from "../../../src/engine/painters/person";
import { type Moment, PAUSE } from "../../../src/engine/painters/steady";

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

const RULES: Parameters<typeof createPerson>[0]["rules"] = {
  multiple: 16,
  pixels: 256,
  sides: [16, 16],
  hold: 0.8,
  curve: [0.3, 0.7],
  least: 0.005,
};
const size = { width: 16, height: 16 };

/** What each look was asked, and what it gave. */
let looks: { last: Tensor; hold: number; mask: Tensor; lines: Tensor }[];
/** What of a frame is people. */
let people: number;
const found = vi.fn();
const trouble = vi.fn();
let broken: Error | null;
let rest: () => void;

/** How many sessions were opened. */
let opened: number;
/** What was carried. */
let carried: { found: Tensor; feeds: Record<string, Tensor>; made: Tensor }[];
let uncarried: Error | null;
const motion = {
  key_motion: new Tensor("float32", new Float32Array(8), [1, 2, 2, 2]),
  last_key_motion: new Tensor("float32", new Float32Array(8), [1, 2, 2, 2]),
  extent: [0.5, 1],
} as never;

function person(renewAfter?: number) {
  const run = async ({ last, hold }: Record<string, Tensor>) => {
    if (broken) throw broken;
    const mask = new Tensor(
      "float32",
      new Float32Array(256).fill(0).fill(1, 0, Math.round(256 * people)),
      [1, 1, 16, 16],
    );
    const lines = new Tensor("float32", new Float32Array(512), [1, 2, 16, 16]);
    looks.push({ last, hold: hold.data[0], mask, lines });
    return { mask, lines };
  };
  const carry = async ({ found, ...feeds }: Record<string, Tensor>) => {
    if (uncarried) throw uncarried;
    carried.push({ found, feeds, made: new Tensor("float32", found.data.slice(), found.dims) });
    return { carried: carried.at(-1)!.made };
  };
  const made = createPerson({
    ort: { Tensor } as unknown as Runtime,
    open: async (graph) => {
      if (graph === "person") opened++;
      return { run: graph === "person" ? run : carry, release: async () => {} } as unknown as Session;
    },
    renewAfter,
    rules: RULES,
    zeros: (dims) => new Tensor("float32", new Float32Array(dims.reduce((a, b) => a * b)), dims) as never,
    read: async (mask) => mask.data as Float32Array,
    found,
    trouble,
  });
  rest = made.rest;
  const picture = () => new Tensor("float32", new Float32Array(768), [1, 3, 16, 16]) as never;
  return (moment: Partial<Moment> = {}, moved = null) =>
    made.look({ size, mirror: false, time: 0, ...moment }, picture, moved) as unknown as Promise<Tensor | null>;
}

beforeEach(() => {
  looks = [];
  [opened, carried, uncarried] = [0, [], null];
  people = 0.2;
  broken = null;
  found.mockReset();
  trouble.mockReset();
});

test("every second frame of a camera is looked at, and handed the mask before", async () => {
  const look = person();
  const given = [];
  for (const time of [0, 40, 80, 120, 160]) given.push(await look({ time }));
  expect(looks.map(({ hold }) => hold)).toEqual([0, 0.8, 0.8].map((each) => expect.closeTo(each, 6)));
  expect(looks[0].last.data.every((value) => value === 0)).toBe(true);
  expect(looks[1].last).toBe(looks[0].mask);
  expect(given).toEqual([0, 0, 1, 1, 2].map((at) => looks[at].lines));
  expect(looks.map(({ mask, lines }) => [mask.disposed, lines.disposed])).toEqual([
    [true, true],
    [true, true],
    [false, false],
  ]);
});

test("on a slow device every frame of a camera is looked at: people are elsewhere by then", async () => {
  const look = person();
  for (const time of [0, 400, 501, 541, 581]) await look({ time }, motion);
  expect(looks).toHaveLength(4);
  expect(looks[1].last).toBe(carried[0].made);
});

test("the mask goes along the motion, and so do its lines where nobody looks", async () => {
  const look = person();
  await look({ time: 0 }, motion); // a scene's first frame has nothing to carry
  const between = await look({ time: 40 }, motion);
  const third = await look({ time: 80 }, motion);
  expect(carried.map(({ found }) => found.dims[1])).toEqual([1, 2, 1]);
  expect(carried[0].found).toBe(looks[0].mask);
  expect(between).toBe(carried[1].made);
  expect(carried[2].found).toBe(carried[0].made);
  expect([looks[1].last, looks[1].hold]).toEqual([carried[2].made, expect.closeTo(0.8, 6)]);
  expect(third).toBe(looks[1].lines);
  const { extent, ...motions } = carried[0].feeds;
  expect(motions).toEqual({ key_motion: expect.any(Tensor), last_key_motion: expect.any(Tensor) });
  expect([Array.from(extent.data), extent.dims]).toEqual([
    [0.5, 1],
    [1, 2, 1, 1],
  ]);
  expect(carried.every(({ found, made }) => found.disposed && made.disposed)).toBe(true); // nothing is left of them
});

test("frames whose motion nobody knows leave the mask where it was", async () => {
  const look = person();
  await look({ time: 0 });
  expect(await look({ time: 40 })).toBe(looks[0].lines);
  expect(carried).toEqual([]);
});

test("where nothing can be carried people are found all the same", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const look = person();
  uncarried = new Error("no such operator");
  await look({ time: 0 });
  expect(await look({ time: 40 }, motion)).toBe(looks[0].lines);
  expect(await look({ time: 80 }, motion)).toBe(looks[1].lines);
  expect(looks[1].last).toBe(looks[0].mask);
  expect(trouble).not.toHaveBeenCalled();
  uncarried = null;
  rest();
  await look({ time: 120 }, motion);
  expect(carried).toHaveLength(2);
});

test("a session that would not live long is replaced, and the mask begins anew", async () => {
  const look = person(3);
  for (let i = 0; i < 7; i++) await look({ time: null });
  expect(opened).toBe(3);
  expect(looks.map(({ hold }) => hold > 0)).toEqual([false, true, true, false, true, true, false]);
});

test("every frame of a clip is looked at", async () => {
  const look = person();
  for (let i = 0; i < 3; i++) await look({ time: null });
  expect(looks).toHaveLength(3);
});

test.each<[string, Partial<Moment>]>([
  ["a pause", { time: PAUSE + 1 }],
  ["the mirror", { mirror: true }],
  ["another size", { size: { width: 32, height: 16 } }],
  ["a clip after a camera", { time: null }],
])("%s begins a mask anew", async (_, next) => {
  const look = person();
  await look();
  await look(next);
  expect(looks.map(({ hold }) => hold)).toEqual([0, 0]);
});

test("where nobody is found for a while it is told, once, and so it is when somebody comes", async () => {
  const look = person();
  people = 0;
  for (let i = 0; i < 120; i++) await look({ time: 40 * i });
  expect(found.mock.calls).toEqual([[false]]);
  people = 0.3;
  for (let i = 120; i < 140; i++) await look({ time: 40 * i });
  expect(found.mock.calls).toEqual([[false], [true]]);
});

test("where the graph does not run it is said once, and everything is painted", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const look = person();
  broken = new Error("no such operator");
  expect(await look()).toBe(null);
  broken = null;
  expect(await look({ time: 40 })).toBe(null);
  rest(); // everything was chosen to be painted, then people again
  expect(await look({ time: 80 })).toBe(looks[0].lines);
  expect(trouble.mock.calls).toEqual([["People cannot be found here, so everything is painted."]]);
});
