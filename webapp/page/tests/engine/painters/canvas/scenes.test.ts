import { expect, test, vi } from "vitest";

import type { CpuNetworks } from "../../../../src/engine/painters/canvas/cpu";
import { createScenes, withScenes } from "../../../../src/engine/painters/canvas/scenes";

const SIZE = { width: 64, height: 48 };
const even = (level: number, { width, height } = SIZE) => new Uint8ClampedArray(4 * width * height).fill(level);

test("networks begin anew at cuts, and where they are told to", async () => {
  const told: string[] = [];
  const networks = {
    paint: vi.fn(async (pixels: Uint8ClampedArray) => void told.push(`paint ${pixels[0]}`)),
    reset: () => void told.push("reset"),
  } as unknown as CpuNetworks;
  const watched = withScenes(networks);
  const moment = { size: SIZE, mirror: false, time: null };
  for (const level of [0, 0, 100, 100]) await watched.paint(even(level), moment);
  expect(told).toEqual(["paint 0", "paint 0", "reset", "paint 100", "paint 100"]);
  watched.reset();
  for (const level of [0, 100]) await watched.paint(even(level), moment);
  expect(told.slice(5)).toEqual(["reset", "paint 0", "paint 100"]); // of the first two frames nothing is known
});

test("frames of any size are compared", () => {
  for (const size of [
    { width: 1, height: 1 },
    { width: 33, height: 17 },
    { width: 640, height: 360 },
  ]) {
    const scenes = createScenes();
    expect([0, 0, 90, 90].map((level) => scenes.begins(even(level, size), size))).toEqual([false, false, true, false]);
  }
});

test("a small part that changes is no cut", () => {
  const scenes = createScenes();
  const part = even(0).fill(255, 0, 4 * 64 * 8); // a sixth of the lines
  expect([even(0), even(0), part].map((pixels) => scenes.begins(pixels, SIZE))).toEqual([false, false, false]);
});
