import { expect, test } from "vitest";

import { createMeter, percentile, rate } from "../../src/live/stats";

test("frames a second", () => {
  expect(rate(Array.from({ length: 31 }, (_, i) => (i * 1000) / 30))).toBeCloseTo(30, 6);
  expect(rate([5])).toBe(0);
  expect(rate([])).toBe(0);
});

test("percentiles by nearest rank", () => {
  const values = Array.from({ length: 100 }, (_, i) => 100 - i);
  expect(percentile(values, 0.5)).toBe(50);
  expect(percentile(values, 0.95)).toBe(95);
  expect(percentile([7], 0.95)).toBe(7);
  expect(percentile([], 0.5)).toBe(0);
});

test("the meter looks three seconds back", () => {
  const meter = createMeter();
  for (let at = 0; at <= 2000; at += 100) meter.add(at, 400);
  for (let at = 6000; at <= 8000; at += 50) meter.add(at, 40);
  expect(meter.read(8000)).toEqual({ fps: expect.closeTo(20, 6), p50: 40, p95: 40 });
  expect(meter.read(20_000)).toEqual({ fps: 0, p50: 0, p95: 0 });
});
