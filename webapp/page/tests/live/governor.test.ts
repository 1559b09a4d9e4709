import { describe, expect, test } from "vitest";

import { createSlownessCheck } from "../../src/engine/backends";
import { budget, createGovernor } from "../../src/live/governor";
import { shortSides } from "../../src/live/size";

const SIDES = shortSides(32);

/** The same numbers every time: 0…1. */
const random = (seed: number) => {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
};

/** Milliseconds for a frame of a short side, at a frame number. */
type Machine = (side: number, frame: number) => number;

/** A machine that needs `fixed` ms and so much for each megapixel of a 4:3 frame. */
const machine =
  (fixed: number, perMegapixel: number): Machine =>
  (side) =>
    fixed + (perMegapixel * side * side * 4) / 3e6;

function run(speed: Machine, frames: number, governor = createGovernor(SIDES)) {
  const sides: number[] = [];
  for (let i = 0; i < frames; i++) {
    sides.push(governor.side);
    governor.report(speed(governor.side, i));
  }
  return sides;
}

const changes = (sides: number[]) => sides.filter((side, i) => i > 0 && side !== sides[i - 1]).length;
const holds = (speed: Machine, side: number) => speed(side, 0) <= budget(side) || side === SIDES[0];

describe("machines of constant speed", () => {
  test.each([4, 10, 25, 60, 120, 250, 600, 1500, 4000])(
    "%i ms a megapixel: settles on a size that holds the rate",
    (speed) => {
      const sides = run(machine(2, speed), 900);
      const last = sides.at(-1)!;
      expect(holds(machine(2, speed), last)).toBe(true);
      expect(changes(sides.slice(600))).toBe(0);
      // Not far from the best: two steps up would no longer do.
      const above = SIDES[SIDES.indexOf(last) + 2];
      if (above) expect(machine(2, speed)(above, 0)).toBeGreaterThan(0.8 * budget(above));
    },
  );

  test("a fast one reaches the top, a hopeless one the bottom", () => {
    expect(run(machine(1, 5), 900).at(-1)).toBe(704);
    expect(run(machine(400, 4000), 900).at(-1)).toBe(128);
  });
});

test.each([1, 2, 3, 4, 5, 6])("noise of half the time does not make it thrash (seed %i)", (seed) => {
  const next = random(seed);
  const steady = machine(2, 100);
  const sides = run((side) => steady(side, 0) * (0.75 + 0.5 * next()), 5400); // three minutes
  expect(changes(sides.slice(900))).toBeLessThanOrEqual(12);
  const fine = sides.slice(900).filter((side) => steady(side, 0) <= budget(side)).length;
  expect(fine / (sides.length - 900)).toBeGreaterThan(0.9);
});

test("single slow frames change nothing", () => {
  const steady = machine(2, 100);
  const governor = createGovernor(SIDES);
  run(steady, 900, governor);
  const { side } = governor;
  const sides = run((s, i) => (i % 20 === 0 ? 400 : steady(s, 0)), 600, governor);
  expect(new Set(sides)).toEqual(new Set([side]));
});

test("a slowdown is followed within a second, its end within a minute", () => {
  const [quick, slow] = [machine(2, 50), machine(2, 200)];
  const governor = createGovernor(SIDES);
  const before = run(quick, 900, governor).at(-1)!;
  const during = run(slow, 300, governor);
  const settled = during.findIndex((side) => holds(slow, side));
  expect(settled).toBeGreaterThan(0);
  expect(settled).toBeLessThan(30);
  expect(run(quick, 1800, governor).at(-1)).toBe(before);
});

test("a machine far too slow gets small frames before its painter is given up", () => {
  const phone = machine(20, 12_000); // more than a second at 256 px
  expect(phone(256, 0)).toBeGreaterThan(1000);
  const isTooSlow = createSlownessCheck();
  const governor = createGovernor(SIDES);
  const tooSlow = Array.from({ length: 200 }, (_, i) => {
    const time = phone(governor.side, i);
    governor.report(time);
    return isTooSlow(time);
  });
  expect(tooSlow).not.toContain(true);
  expect(governor.side).toBe(128);
});

test("heat: a machine that slowly loses half its speed is followed down without going back and forth", () => {
  const sides = run((side, i) => machine(2, 60 * (1 + Math.min(1, i / 1800)))(side, i), 3600);
  expect(holds(machine(2, 120), sides.at(-1)!)).toBe(true);
  expect(changes(sides)).toBeLessThanOrEqual(16);
});

test("a size that proved too large is tried again ever more seldom", () => {
  // The step above looks affordable but is not: its cost jumps.
  const cliff: Machine = (side) => (side >= 384 ? 60 : 15);
  const sides = run(cliff, 20_000);
  const tries = sides.flatMap((side, i) => (side === 384 && sides[i - 1] !== 384 ? [i] : []));
  expect(tries.length).toBeLessThanOrEqual(9);
  const pauses = tries.slice(1).map((at, i) => at - tries[i]);
  for (const [i, pause] of pauses.slice(1).entries()) expect(pause).toBeGreaterThan(1.5 * pauses[i]);
});

test("limits are kept", () => {
  const governor = createGovernor(SIDES, 384);
  governor.limit(256, 300);
  expect(governor.side).toBe(288);
  expect(new Set(run(machine(0, 1), 300, governor))).toEqual(new Set([288]));
  expect(Math.min(...run(machine(900, 1), 300, governor))).toBe(256);
});
