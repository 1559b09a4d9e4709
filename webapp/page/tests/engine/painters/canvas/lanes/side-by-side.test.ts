import { beforeEach, describe, expect, test, vi } from "vitest";
import { createLaneGraphs, type LaneGraphs } from "../../../../../src/engine/painters/canvas/lanes/graphs";
import { createLanes, type Lane, type Lanes } from "../../../../../src/engine/painters/canvas/lanes/lanes";
import type { Feeds } from "../../../../../src/engine/painters/canvas/lanes/messages";
import { createSideBySide, hasHalves } from "../../../../../src/engine/painters/canvas/lanes/side-by-side";
import type { Moment } from "../../../../../src/engine/painters/steady";
import type { ModelDescription } from "../../../../../src/types";

const SIZE = { width: 4, height: 2 };
const description = {
  multiple: 2,
  rules: { least_side: 2 },
  state: [
    { name: "last_light", from: "next_light", channels: 1, over: 2 },
    { name: "key_motion", from: "next_key_motion", channels: 2, over: 2 },
  ],
  files: { frame: {}, stabilize: {}, steady_style: {} },
} as unknown as ModelDescription;

/** A run that a lane was given, until the test answers it. */
interface Run {
  lane: number;
  role: string;
  feeds: Feeds;
  answer(value: number): void;
  fail(): void;
}

let runs: Run[];
let opened: string[];
let closed: string[];
let files: (role: string) => Promise<Uint8Array>;
let lanes: Lanes;
let graphs: LaneGraphs;
const unsteady = vi.fn();

/** What is waiting for the promises before it. */
const settle = () => new Promise((done) => setTimeout(done));

const plane = (value: number, channels = 3) => ({
  data: new Float32Array(8 * channels).fill(value),
  dims: [1, channels, 2, 4],
});

/** A lane whose runs the test answers; a graph is known by its bytes. */
function fakeLane(lane: number): Lane {
  const roles = new Map<number, string>();
  const name = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return {
    async open(graph, bytes) {
      roles.set(graph, name(bytes));
      opened.push(`${lane} ${name(bytes)}`);
    },
    run: (graph, feeds) =>
      new Promise((resolve, reject) => {
        const role = roles.get(graph)!;
        const answer = (value: number) => {
          if (role === "frame") resolve({ painted: plane(value) });
          else if (role === "steady_style") resolve({ steady_style: { data: Float32Array.of(value), dims: [1, 1] } });
          else
            resolve({
              painted: plane(value),
              next_light: { data: new Float32Array(2).fill(value), dims: [1, 1, 1, 2] },
              next_key_motion: { data: new Float32Array(4).fill(value), dims: [1, 2, 1, 2] },
            });
        };
        runs.push({ lane, role, feeds, answer, fail: () => reject(new Error("out of memory")) });
      }),
    close: (graph) => void closed.push(`${lane} ${roles.get(graph)}`),
  };
}

/** The run that was given last of a role, answered with a value. */
const answer = async (role: string, value: number, lane?: number) => {
  const at = runs.findIndex((run) => run.role === role && (lane === undefined || run.lane === lane));
  const [run] = runs.splice(at, 1);
  run.answer(value);
  await settle();
  return run;
};

const painter = (stability: number) => {
  const networks = createSideBySide(lanes, graphs, description, unsteady);
  networks.setStyle(Float32Array.of(7));
  networks.setStability(stability);
  let time = 0;
  return {
    ...networks,
    whole(at: Partial<Moment> = {}) {
      time += 40;
      return networks.paint(new Uint8ClampedArray(32), { size: SIZE, mirror: false, time, ...at });
    },
    paint(at: Partial<Moment> = {}) {
      return this.whole(at).then(({ painted }) => painted);
    },
  };
};

beforeEach(() => {
  [runs, opened, closed] = [[], [], []];
  files = async (role) => new TextEncoder().encode(role);
  lanes = createLanes([fakeLane(0), fakeLane(1)], () => {});
  graphs = createLaneGraphs({ file: (role) => files(role) });
  unsteady.mockReset();
});

describe("frames at once", () => {
  test("are painted by a lane each, no more than there are lanes", async () => {
    const by = painter(0);
    const painted = [by.paint(), by.paint(), by.paint()];
    await settle();
    expect(runs.map(({ lane, role }) => `${lane} ${role}`)).toEqual(["0 frame", "1 frame"]);
    await answer("frame", 1, 0);
    expect((await painted[0])[0]).toBe(1);
    expect(runs.map(({ lane }) => lane)).toEqual([1, 0]); // the third has the lane that is free
    await answer("frame", 2, 1);
    await answer("frame", 3);
    expect((await painted[2])[0]).toBe(3);
  });

  test("come in their order, whichever is done first", async () => {
    const by = painter(0);
    const done: number[] = [];
    void by.paint().then(([value]) => done.push(value));
    void by.paint().then(([value]) => done.push(value));
    await settle();
    await answer("frame", 2, 1);
    expect(done).toEqual([]);
    await answer("frame", 1, 0);
    expect(done).toEqual([1, 2]);
  });

  test("keep the style that they were begun with", async () => {
    const by = painter(0);
    void by.paint();
    by.setStyle(Float32Array.of(9));
    void by.paint();
    await settle();
    expect(runs.map(({ feeds }) => feeds.style.data[0])).toEqual([7, 9]);
  });
});

describe("held steady", () => {
  test("each tells how it has moved, in values that no later frame takes away", async () => {
    const by = painter(1);
    const found = [by.whole({ size: { width: 3, height: 2 } }), by.whole({ size: { width: 3, height: 2 } })];
    await settle();
    await answer("steady_style", 8);
    await answer("frame", 1, 0);
    await answer("frame", 2, 1);
    const { feeds: first } = await answer("stabilize", 10);
    const { feeds: second } = await answer("stabilize", 20);
    for (const { data } of [...Object.values(first), ...Object.values(second)]) data.fill(99); // as by transfer
    const motions = (await Promise.all(found)).map(({ motion }) => motion!);
    expect(motions.map((each) => [each.last_key_motion, each.key_motion].map(({ data }) => data[0]))).toEqual([
      [0, 10],
      [10, 20],
    ]);
    expect(motions[1].key_motion.dims).toEqual([1, 2, 1, 2]);
    expect(motions[1].extent).toEqual([0.75, 1]);
    const alone = painter(0);
    const plain = alone.whole();
    await settle();
    await answer("frame", 3);
    expect((await plain).motion).toBe(null);
  });

  test("the stabilizer takes them in order, and gets what the frame before gave", async () => {
    const by = painter(1);
    const painted = [by.paint(), by.paint()];
    await settle();
    expect(runs.map(({ role }) => role).toSorted()).toEqual(["frame", "steady_style"]); // the first is painted in the style itself
    await answer("steady_style", 8);
    expect(runs.map(({ lane, role, feeds }) => [lane, role, feeds.style.data[0]])).toEqual([
      [0, "frame", 7],
      [1, "frame", 8],
    ]);
    await answer("frame", 2, 1); // the second's painting is there first, and waits
    expect(runs.map(({ role }) => role)).toEqual(["frame"]);
    await answer("frame", 1, 0);
    const first = await answer("stabilize", 10);
    expect([first.lane, first.feeds.painting.data[0], first.feeds.last_light.data[0]]).toEqual([0, 1, 0]);
    expect(first.feeds.last_light.dims).toEqual([1, 1, 1, 2]);
    const second = await answer("stabilize", 20);
    expect([second.lane, second.feeds.painting.data[0], second.feeds.last_light.data[0]]).toEqual([1, 2, 10]);
    expect((await Promise.all(painted)).map(([value]) => value)).toEqual([10, 20]);
  });

  test.each([
    ["a reset", (by: ReturnType<typeof painter>) => by.reset(), {}],
    ["another style", (by: ReturnType<typeof painter>) => by.setStyle(Float32Array.of(9)), {}],
    [
      "another brush",
      (by: ReturnType<typeof painter>) => by.setStyle(Float32Array.of(7), { a: Float32Array.of(1) }),
      {},
    ],
    ["the other way round", () => {}, { mirror: true }],
    ["a pause", () => {}, { time: 5000 }],
    ["a size", () => {}, { size: { width: 2, height: 2 } }],
  ])("%s begins anew, though a frame before it is in the making", async (_, change, at) => {
    graphs.withBrush = () => graphs.frame; // these bytes are no graph
    const by = painter(1);
    void by.paint();
    change(by);
    void by.paint(at);
    await settle();
    expect(runs.map(({ role }) => role)).toEqual(["frame", "frame"]);
    await answer("frame", 2, 1);
    const anew = await answer("stabilize", 2);
    expect(anew.feeds.last_light.data[0]).toBe(0);
  });

  test("the strength of the mix is that of the frame's own time", async () => {
    const by = painter(1);
    void by.paint();
    by.setStability(0.5);
    void by.paint();
    await settle();
    await answer("frame", 1);
    const first = await answer("stabilize", 1);
    const mixed = await answer("steady_style", 1);
    await answer("frame", 1);
    const second = await answer("stabilize", 1);
    expect([first, mixed, second].map(({ feeds }) => feeds.stability.data[0])).toEqual([1, 0.5, 0.5]);
  });
});

describe("what fails", () => {
  test("ends its frame and those that wait for it, and lends its lane out again", async () => {
    const by = painter(1);
    const painted = [by.paint(), by.paint()];
    const ends = Promise.allSettled(painted);
    await settle();
    await answer("steady_style", 8);
    runs.find(({ lane }) => lane === 0)!.fail();
    runs = runs.filter(({ lane }) => lane === 1);
    await settle();
    await answer("frame", 2);
    expect((await ends).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    by.reset();
    const next = by.paint();
    await settle();
    await answer("frame", 3);
    await answer("stabilize", 4);
    expect((await next)[0]).toBe(4);
  });

  test("a stabilizer that cannot be had is told once, and frames are painted by themselves", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    files = async (role) => {
      if (role === "stabilize") throw new Error("no network");
      return new TextEncoder().encode(role);
    };
    const by = painter(1);
    const painted = [by.paint(), by.paint()];
    await settle();
    await answer("frame", 1, 0);
    await answer("frame", 2, 1);
    expect((await Promise.all(painted)).map(([value]) => value)).toEqual([1, 2]);
    expect(unsteady).toHaveBeenCalledOnce();
  });
});

test("a graph is opened once in each lane that needs it, and closed when no frame needs it", async () => {
  const of = graphs.frame;
  const [first, second] = lanes.all;
  await Promise.all([of.ready(first), of.ready(first), of.ready(second)]);
  expect(opened).toEqual(["0 frame", "1 frame"]);
  const done = of.keep();
  of.release();
  expect(closed).toEqual([]);
  done();
  expect(closed).toEqual(["0 frame", "1 frame"]);
});

test("halves are needed of models that hold something steady", () => {
  expect(hasHalves(description)).toBe(true);
  expect(hasHalves({ ...description, files: { frame: description.files.frame } })).toBe(false);
  expect(hasHalves({ ...description, state: [], files: {} })).toBe(true);
});
