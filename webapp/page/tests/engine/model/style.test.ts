import { expect, test } from "vitest";

import { flatten, shrinkSquare } from "../../../src/engine/model/resize";
import { blend, centreSquare } from "../../../src/engine/model/style";

test("a blend is the weighted mean", () => {
  expect(
    Array.from(
      blend(
        [
          [1, 2],
          [3, -2],
        ],
        [1, 3],
      ),
    ),
  ).toEqual([2.5, -1]);
  expect(Array.from(blend([[0.5, 2]], [7]))).toEqual([0.5, 2]);
});

test("weights need not add up to one, and a weight of zero leaves a style out", () => {
  const [a, b, c] = [
    [1, 5],
    [2, 6],
    [9, 9],
  ];
  expect(blend([a!, b!, c!], [0.2, 0.2, 0])).toEqual(blend([a!, b!], [50, 50]));
});

test.each([
  [[], [], "at least one style"],
  [[[1]], [1, 2], "one weight for each"],
  [[[1], [2]], [1, -1], "zero or more"],
  [[[1], [2]], [1, Number.NaN], "zero or more"],
  [[[1], [2]], [0, 0], "above zero"],
  [[[1], [2, 3]], [1, 1], "different models"],
])("nonsense is refused in words: %j %j", (styles, weights, words) => {
  expect(() => blend(styles, weights)).toThrow(words);
});

test("P sees the centre square", () => {
  expect(centreSquare({ width: 640, height: 480 })).toEqual({ left: 80, top: 0, side: 480 });
  expect(centreSquare({ width: 5, height: 10 })).toEqual({ left: 0, top: 2, side: 5 });
});

test("shrinking averages areas", () => {
  // 3 → 2: a target pixel covers one and a half source pixels.
  const values = [0, 30, 90, 120, 150, 180, 210, 240, 255];
  const pixels = Uint8ClampedArray.from(values.flatMap((v) => [v, 255 - v, 7, 255]));
  const out = shrinkSquare(pixels, 3, 2);
  const mean = (indices: [number, number][]) =>
    Math.round(indices.reduce((sum, [i, w]) => sum + w * values[i], 0) / indices.reduce((sum, [, w]) => sum + w, 0)) /
    255;
  expect(out[0]).toBeCloseTo(
    mean([
      [0, 1],
      [1, 0.5],
      [3, 0.5],
      [4, 0.25],
    ]),
    6,
  );
  expect(out[3]).toBeCloseTo(
    mean([
      [4, 0.25],
      [5, 0.5],
      [7, 0.5],
      [8, 1],
    ]),
    6,
  );
  expect(out[8]).toBeCloseTo(7 / 255, 6);
  expect(shrinkSquare(pixels, 3, 3)[4]).toBeCloseTo(150 / 255, 6);
});

test("transparent places show the background", () => {
  const pixels = Uint8ClampedArray.from([10, 20, 30, 0, 10, 20, 30, 255, 10, 20, 30, 51]);
  flatten(pixels, [255, 255, 255]);
  expect([...pixels]).toEqual([255, 255, 255, 255, 10, 20, 30, 255, 206, 208, 210, 255]);
});
