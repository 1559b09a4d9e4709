import { describe, expect, test } from "vitest";

import { liveSize, shortSides } from "../../src/live/size";
import type { ModelDescription, Size } from "../../src/types";

const model = { multiple: 32, rules: { least_side: 64 } } as ModelDescription;
const CAMERAS: [number, number][] = [
  [640, 480],
  [480, 640],
  [1280, 720],
  [720, 1280],
  [1920, 1080],
  [352, 288],
  [960, 540],
  [854, 480],
  [853, 481],
  [1023, 767],
  [400, 400],
];
describe("short sides", () => {
  test("are multiples, never more than a quarter apart", () => {
    for (const multiple of [8, 16, 32, 64]) {
      const sides = shortSides(multiple);
      expect(sides.every((side) => side % multiple === 0)).toBe(true);
      expect([sides[0], sides.at(-1)]).toEqual([128, 704]);
      for (const [i, side] of sides.slice(1).entries())
        expect(side / sides[i]).toBeLessThanOrEqual(multiple > 32 ? 1.5 : 1.25);
    }
  });
});

test.each<[Size, number, Size]>([
  [{ width: 640, height: 480 }, 288, { width: 384, height: 288 }],
  [{ width: 640, height: 480 }, 256, { width: 352, height: 256 }],
  [{ width: 1280, height: 720 }, 288, { width: 512, height: 288 }],
  [{ width: 1280, height: 720 }, 720, { width: 1248, height: 704 }],
  [{ width: 720, height: 1280 }, 288, { width: 288, height: 512 }],
  [{ width: 1920, height: 1080 }, 576, { width: 1024, height: 576 }],
  [{ width: 352, height: 288 }, 704, { width: 352, height: 288 }], // never larger than the picture
  [{ width: 641, height: 479 }, 479, { width: 608, height: 448 }],
  [{ width: 30, height: 10 }, 256, { width: 192, height: 64 }], // but for one that would be padded
])("%j at %i is painted at %j", (source, side, size) => {
  expect(liveSize(source, side, model).size).toEqual(size);
});

describe.each(CAMERAS)("a camera of %i × %i", (width, height) => {
  const sizes = shortSides(32).map((side) => ({ side, ...liveSize({ width, height }, side, model) }));

  test("nothing that is painted is padding, and the picture is not enlarged", () => {
    for (const { side, size } of sizes) {
      expect([size.width % 32, size.height % 32]).toEqual([0, 0]);
      expect(Math.min(size.width, size.height)).toBeLessThanOrEqual(side);
      expect(size.width).toBeLessThanOrEqual(width);
      expect(size.height).toBeLessThanOrEqual(height);
    }
  });

  test("what is painted is the middle, in the shape it is painted in, with sides for video encoders", () => {
    for (const { size, crop } of sizes) {
      const [right, below] = [width - crop.left - crop.width, height - crop.top - crop.height];
      expect(Math.abs(crop.left - right)).toBeLessThanOrEqual(1);
      expect(Math.abs(crop.top - below)).toBeLessThanOrEqual(1);
      expect([crop.width % 2, crop.height % 2]).toEqual([0, 0]);
      expect((crop.width * size.height) / (crop.height * size.width)).toBeCloseTo(1, 2); // within half a percent
    }
  });

  test("no more of the picture is lost than half a multiple of the long side", () => {
    for (const { size, crop } of sizes) {
      const lost = 1 - (crop.width * crop.height) / (width * height);
      expect(lost).toBeLessThan(16 / Math.max(size.width, size.height) + 0.02); // a multiple's half, and rounding
    }
  });
});

test("at full size pixels stay pixels", () => {
  const { size, crop } = liveSize({ width: 640, height: 480 }, 704, model);
  expect(crop).toEqual({ left: 0, top: 0, ...size });
});
