import { expect, test } from "vitest";

import { clipSize } from "../../src/clips/size";

test.each([
  [{ width: 1920, height: 1080 }, 360, { width: 640, height: 360 }],
  [{ width: 1080, height: 1920 }, 360, { width: 360, height: 640 }],
  [{ width: 854, height: 480 }, 270, { width: 480, height: 270 }],
  [{ width: 320, height: 180 }, 360, { width: 320, height: 180 }], // never enlarged
  [{ width: 321, height: 181 }, 360, { width: 320, height: 180 }], // even, rounded down where nothing is scaled
  [{ width: 5000, height: 3 }, 360, { width: 5000, height: 2 }],
  [{ width: 1, height: 1 }, 360, { width: 2, height: 2 }],
])("%o at a short side of %i", (size, side, expected) => {
  expect(clipSize(size, side, 2)).toEqual(expected);
});

test("sides are even and keep the aspect to within a pixel", () => {
  for (let width = 400; width < 460; width += 7) {
    const size = clipSize({ width, height: 333 }, 255, 2);
    expect([size.width % 2, size.height % 2]).toEqual([0, 0]);
    expect(Math.abs(size.width - (width * 255) / 333)).toBeLessThanOrEqual(1);
  }
});
