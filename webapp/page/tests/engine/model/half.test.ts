import { expect, test } from "vitest";

import { fromHalf, toHalf } from "../../../src/engine/model/half";

test.each([
  [0x0000, 0],
  [0x3c00, 1],
  [0xc000, -2],
  [0x3555, 0.333251953125],
  [0x7bff, 65504],
  [0x0400, 2 ** -14],
  [0x0001, 2 ** -24],
  [0x83ff, -(2 ** -14) + 2 ** -24],
  [0x7c00, Number.POSITIVE_INFINITY],
])("the bits %i are %d", (bits, value) => {
  expect(fromHalf(bits)).toBe(value);
  expect(toHalf(value)).toBe(bits);
});

test("every finite number comes back", () => {
  for (let bits = 0; bits < 0x10000; bits++) {
    if ((bits & 0x7c00) !== 0x7c00) expect(toHalf(fromHalf(bits))).toBe(bits);
  }
  expect(fromHalf(0x7e01)).toBeNaN();
  expect(fromHalf(toHalf(Number.NaN))).toBeNaN();
});

test("what lies between is rounded to the nearest, halves to the even one", () => {
  const step = 2 ** -10; // between 1 and 2
  expect(toHalf(1 + 0.5 * step)).toBe(0x3c00);
  expect(toHalf(1 + 0.51 * step)).toBe(0x3c01);
  expect(toHalf(1 + 1.5 * step)).toBe(0x3c02);
  expect(toHalf(2 - 0.1 * step)).toBe(0x4000); // up to the next power of two
  expect(toHalf(2 ** -14 - 2 ** -26)).toBe(0x0400);
  expect(toHalf(2 ** -26)).toBe(0);
  expect(toHalf(65519)).toBe(0x7bff);
  expect(toHalf(65520)).toBe(0x7c00);
  expect(toHalf(-1e9)).toBe(0xfc00);
});
