import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { createPace, type Pace } from "../../../../../src/engine/painters/canvas/lanes/pace";

let pace: Pace;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  pace = createPace(2);
});
afterEach(() => {
  vi.useRealTimers();
});

/** Whether there is room once so many milliseconds have passed. */
async function roomAfter(room: Promise<void>, ms: number): Promise<boolean> {
  const opened = vi.fn();
  void room.then(opened);
  await vi.advanceTimersByTimeAsync(ms);
  return opened.mock.calls.length > 0;
}

/** A frame that takes 100 ms. */
async function frame(): Promise<void> {
  const done = pace.begin();
  await vi.advanceTimersByTimeAsync(100);
  done(true);
}

test("before anything is known of a frame's time, the next waits for the first", async () => {
  const done = pace.begin();
  const room = pace.room();
  expect(await roomAfter(room, 1000)).toBe(false);
  done(true);
  expect(await roomAfter(room, 0)).toBe(true);
});

test("then it begins when its share of a frame's time has passed", async () => {
  await frame();
  pace.begin();
  const room = pace.room();
  expect(await roomAfter(room, 40)).toBe(false);
  expect(await roomAfter(room, 10)).toBe(true);
});

test("there are never more than lanes", async () => {
  await frame();
  const first = pace.begin();
  await vi.advanceTimersByTimeAsync(50);
  pace.begin();
  const room = pace.room();
  expect(await roomAfter(room, 1000)).toBe(false);
  first(true);
  expect(await roomAfter(room, 0)).toBe(true);
});

test("a frame that fails teaches nothing of the time, and makes room", async () => {
  await frame();
  const failed = pace.begin();
  failed(false);
  expect(await roomAfter(pace.room(), 0)).toBe(true);
  pace.begin();
  expect(await roomAfter(pace.room(), 48)).toBe(true);
});
