import { expect, test } from "vitest";

import { stillSizes } from "../../src/live/still";

const rules = { least_side: 64 } as never;
const sizes = (width: number, height: number, side: number) =>
  stillSizes({ width, height }, side, { multiple: 32, rules });

test.each([
  [640, 480, 960, 720],
  [1280, 720, 1280, 720],
  [1920, 1080, 1280, 720],
  [480, 640, 720, 960],
  [333, 250, 960, 720],
])("all of %i×%i is kept at a short side of 720 px", (width, height, right, below) => {
  expect(sizes(width, height, 288).shown).toEqual({ width: right, height: below });
});

test.each([224, 288, 384, 1000])("painted at %i px: not padded, nearly of the same shape, never larger", (side) => {
  const { painted, shown } = sizes(640, 480, side);
  expect([painted.width % 32, painted.height % 32]).toEqual([0, 0]);
  expect(painted.height).toBeLessThanOrEqual(Math.min(side, 720));
  expect(painted.width / painted.height / (shown.width / shown.height)).toBeCloseTo(1, 0.9);
});
