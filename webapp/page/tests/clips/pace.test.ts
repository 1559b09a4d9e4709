import { expect, test } from "vitest";

import { createPace } from "../../src/clips/pace";

test("a steady pace gives frames a second and the time left", () => {
  const pace = createPace();
  let progress = pace(0.01, 0);
  for (let frame = 2; frame <= 50; frame++) progress = pace(frame / 100, (frame - 1) * 250);
  expect(progress.frames).toBe(50);
  expect(progress.share).toBe(0.5);
  expect(progress.framesPerSecond).toBeCloseTo(4);
  expect(progress.secondsLeft).toBeCloseTo(50 / 4);
});

test("nothing is said within the first second", () => {
  const pace = createPace();
  expect(pace(0.1, 0).secondsLeft).toBeNull();
  expect(pace(0.2, 900)).toEqual({ share: 0.2, frames: 2, framesPerSecond: null, secondsLeft: null });
  expect(pace(0.3, 1000).secondsLeft).not.toBeNull();
});

test("a change of pace shows after ten seconds", () => {
  const pace = createPace();
  let now = 0;
  let frame = 0;
  const paint = (interval: number) => {
    now += interval;
    return pace(++frame / 1000, now);
  };
  for (let i = 0; i < 100; i++) paint(100);
  let progress = paint(1000);
  for (let i = 0; i < 12; i++) progress = paint(1000);
  expect(progress.framesPerSecond).toBeCloseTo(1);
  expect(progress.secondsLeft).toBeCloseTo(1000 - frame);
});

test("frames slower than the window still have a pace", () => {
  const pace = createPace();
  pace(0.1, 0);
  expect(pace(0.2, 30_000).secondsLeft).toBeCloseTo(240);
  expect(pace(0.3, 60_000).framesPerSecond).toBeCloseTo(1 / 30);
});
