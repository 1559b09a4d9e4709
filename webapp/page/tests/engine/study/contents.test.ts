import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import type { Pixels } from "../../../src/engine/model/resize";
import { createContents, exposed, shifts } from "../../../src/engine/study/contents";
import { fitted } from "../../../src/engine/study/pictures";
import type { StudyRules } from "../../../src/types";

const { rules }: { rules: StudyRules } = JSON.parse(
  readFileSync(new URL("../../../../../tests/contract/study.json", import.meta.url), "utf8"),
);

const scene = (seed: number): Pixels => ({
  data: Uint8ClampedArray.from({ length: 4 * 60 * 80 }, (_, i) => (i % 4 === 3 ? 255 : (i * seed) % 251)),
  width: 80,
  height: 60,
});
const few = { ...rules, side: 40, pool: 6, frames: 3 };
const made = () => createContents(16, few, async (frame) => frame.slice(0, 8), sequence());

test("squares until the pool is full, then those", async () => {
  const contents = made();
  contents.add(scene(3));
  const seen = new Set<string>();
  for (let i = 0; i < 20; i++) {
    const batch = await contents.draw(2);
    expect(batch.frame.length).toBe(2 * 3 * 16 * 16);
    for (let k = 0; k < 2; k++) seen.add(String(batch.content.slice(8 * k, 8 * k + 8)));
  }
  expect(seen.size).toBe(6);
});

test("frames that come later are among them, and no more than the rules say", async () => {
  const contents = made();
  contents.add(scene(3));
  for (let i = 0; i < 3; i++) await contents.draw(2);
  const before = await contents.draw(2);
  contents.add(scene(5));
  const fresh = await contents.draw(2);
  expect(fresh.content).not.toEqual(before.content);
  contents.add(scene(7));
  await contents.draw(2);
  contents.add(scene(11)); // the fourth
  const seen = new Set<string>();
  for (let i = 0; i < 30; i++) seen.add(String(await contents.draw(1).then(({ content }) => content)));
  expect(seen.size).toBe(6);
});

test("second frames stay in 0…1, differ a little, and are the same where nothing moves", () => {
  const planes = Float32Array.from({ length: 300 }, (_, i) => i / 299);
  const other = exposed(sequence(), planes, rules);
  expect(Math.min(...other)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...other)).toBeLessThanOrEqual(1);
  const mean = other.reduce((sum, value, i) => sum + Math.abs(value - planes[i]), 0) / 300;
  expect(mean).toBeGreaterThan(0);
  expect(mean).toBeLessThan(0.1);
  expect(exposed(sequence(), planes, { noise: 0, light: 0 })).toEqual(planes);
  const identity = Array.from({ length: 16 }, (_, i) => Number(i % 5 === 0));
  expect([...shifts(4, 0)]).toEqual(identity);
});

test("a wide frame is cut to twice its height", () => {
  const wide = { data: new Uint8ClampedArray(4 * 100 * 20).fill(9), width: 100, height: 20 };
  expect(fitted(wide, 40)).toMatchObject({ width: 80, height: 40 });
});

/** Numbers in 0…1, the same ones every time (Park and Miller 1988). */
function sequence(): () => number {
  let last = 1;
  return () => {
    last = (48_271 * last) % 2_147_483_647;
    return last / 2_147_483_647;
  };
}
