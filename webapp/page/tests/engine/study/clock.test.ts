import { expect, test } from "vitest";

import { createClock } from "../../../src/engine/study/clock";

const asked = { seconds: 60, least_steps: 100 };

test("a fast device takes the time, and more steps", () => {
  const clock = createClock(asked, 0);
  for (let i = 1; i <= 300; i++) clock.tick(100 * i);
  expect(clock.share).toBe(0.5);
  expect(clock.secondsLeft).toBe(30);
});

test("a slow one takes the steps; its first does not count for the pace", () => {
  const clock = createClock(asked, 1000);
  clock.tick(31_000);
  for (let i = 1; i < 10; i++) clock.tick(31_000 + 5000 * i);
  expect(clock.steps).toBe(10);
  expect(clock.share).toBe(0.1);
  expect([clock.secondsLeft, clock.secondsInAll]).toEqual([450, 525]);
});

test("what was done before counts", () => {
  const clock = createClock(asked, 0, 80);
  for (let i = 1; i <= 20; i++) clock.tick(4000 * i);
  expect([clock.steps, clock.share, clock.secondsLeft]).toEqual([100, 1, 0]);
});

test("an hour in which the machine slept is none of study; a moment's stutter is", () => {
  const clock = createClock({ seconds: 60, least_steps: 10 }, 0);
  for (let i = 1; i <= 10; i++) clock.tick(500 * i);
  clock.tick(3_600_000 + 5500);
  expect(clock.steps).toBe(11);
  expect(clock.secondsLeft).toBeCloseTo(54.5);
  clock.tick(3_600_000 + 15_500);
  expect(clock.secondsLeft).toBeCloseTo(44.5);
});
