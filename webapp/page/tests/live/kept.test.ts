import { expect, test } from "vitest";
import { createKept } from "../../src/live/kept";

const after = (...times: number[]): number => {
  const kept = createKept();
  for (const time of times) kept.report(time);
  return kept.share;
};
const steadily = (time: number): number => after(...Array<number>(5).fill(time));

test.each([
  [16, 1],
  [150, 1],
  [200, 0.8],
  [250, 0.6],
  [350, 0.2],
  [400, 0.1],
  [2000, 0.1],
])("at %d ms a frame", (time, share) => {
  expect(steadily(time)).toBe(share);
});

test("the first frames, and one that took long, are no pace", () => {
  expect(after(2000, 2000, 2000)).toBe(1);
  expect(after(2000, 1500, 50, 50, 50)).toBe(1);
  expect(after(50, 50, 900, 50, 800)).toBe(1);
});

test("a pace that changes is followed", () => {
  expect(after(500, 500, 500, 500, 500)).toBe(0.1);
  expect(after(500, 500, 500, 500, 500, 60, 60, 60)).toBe(1);
});
