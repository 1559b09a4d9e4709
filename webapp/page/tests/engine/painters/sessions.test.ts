import { beforeEach, expect, test, vi } from "vitest";

import type { Brush } from "../../../src/engine/model/graph-weights";
import type { Session } from "../../../src/engine/model/runtime";
import { createSessions, openPlain } from "../../../src/engine/painters/sessions";

/** What happened, in order. */
let log: string[];
/** Runs before a session of this name fails. */
let lives: Record<string, number>;

function session(name: string): Session {
  let runs = 0;
  return {
    run: async (feeds: unknown) => {
      if (runs >= (lives[name] ?? Number.POSITIVE_INFINITY)) throw new Error(`${name} is lost`);
      runs++;
      return { by: name, feeds };
    },
    release: async () => void log.push(`release ${name}`),
  } as unknown as Session;
}

let count = 0;
const open = async (role: string, brush: Brush): Promise<Session> => {
  const name = [role, ...Object.keys(brush), ++count].join(" ");
  log.push(`open ${name}`);
  return session(name);
};
const brush = (name: string): Brush => ({ [name]: Float32Array.of(1) });
const leaving = () => void log.push("leaving");
const plain = () => ({ brush: {}, frame: Promise.resolve(session("plain")), step: null });
const feeds = () => ({});
const runMany = async (by: ReturnType<typeof createSessions>, times: number) => {
  for (let i = 0; i < times; i++) {
    await by.ready("frame");
    await by.run("frame", feeds);
  }
};

beforeEach(() => {
  [log, lives, count] = [[], {}, 0];
  vi.spyOn(console, "warn").mockImplementation(() => {});
});

test("painting begins with one graph, and with the other one where that does not work", async () => {
  const steadily = await openPlain(open, true);
  expect([steadily.step !== null, steadily.frame]).toEqual([true, null]);
  const alone = await openPlain(open, false);
  expect([alone.step, alone.frame !== null]).toEqual([null, true]);
  expect(log).toEqual(["open step 1", "open frame 2"]);
  const tooLarge = async () => Promise.reject(new Error("too large"));
  const broken = await openPlain((role, with_) => (role === "step" ? tooLarge() : open(role, with_)), true);
  await expect(broken.step).rejects.toThrow("too large");
  expect(broken.frame).not.toBe(null);
  await expect(openPlain(tooLarge, true)).rejects.toThrow("too large");
});

test("a brush is put on a graph when that is wanted, and its graphs are closed before others are opened", async () => {
  const sessions = createSessions({ open, plain: plain(), leaving });
  for (const name of ["a", "b", "c"]) sessions.use(brush(name));
  expect([log, sessions.brush]).toEqual([[], brush("c")]);
  await sessions.ready("frame");
  await sessions.ready("step");
  sessions.use(brush("d"));
  await sessions.ready("frame");
  expect(log).toEqual(["open frame c 1", "open step c 2", "release frame c 1", "release step c 2", "open frame d 3"]);
});

test("the graphs without a brush stay open until everything is released", async () => {
  const sessions = createSessions({ open, plain: plain(), leaving });
  sessions.use(brush("a"));
  await sessions.ready("frame");
  sessions.use({});
  expect((await sessions.run("frame", feeds)).by).toBe("plain");
  await sessions.release();
  expect(log).toEqual(["open frame a 1", "release frame a 1", "release plain"]);
});

test("a session that has painted enough is replaced; who needs what it gave hears of it first", async () => {
  const sessions = createSessions({ open, plain: plain(), renewAfter: 3, leaving });
  await runMany(sessions, 7);
  expect(log).toEqual(["leaving", "release plain", "open frame 1", "leaving", "release frame 1", "open frame 2"]);
});

test("one that was sound and fails is replaced, and asks for the feeds again", async () => {
  lives = { plain: 40 };
  const sessions = createSessions({ open, plain: plain(), leaving });
  await runMany(sessions, 40);
  const again = vi.fn(feeds);
  expect((await sessions.run("frame", again)).by).toBe("frame 1");
  expect(again).toHaveBeenCalledTimes(2);
  expect(log).toEqual(["leaving", "release plain", "open frame 1"]);
});

test("one that fails early, or whose successor fails, is not", async () => {
  lives = { plain: 5, "frame 1": 0 };
  const early = createSessions({ open, plain: plain(), leaving });
  await runMany(early, 5);
  await expect(early.run("frame", feeds)).rejects.toThrow("plain is lost");
  expect(log).toEqual([]);
  lives.plain = 40;
  const twice = createSessions({ open, plain: plain(), leaving });
  await runMany(twice, 40);
  await expect(twice.run("frame", feeds)).rejects.toThrow("frame 1 is lost");
});

test("a graph that is dropped is closed, and opened anew when it is wanted", async () => {
  const sessions = createSessions({ open, plain: plain(), leaving });
  sessions.drop("step");
  sessions.drop("frame");
  await sessions.ready("frame");
  expect((await sessions.run("frame", feeds)).by).toBe("frame 1");
  expect(log.sort()).toEqual(["open frame 1", "release plain"]);
});
