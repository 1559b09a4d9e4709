import { describe, expect, test } from "vitest";

import { createSlownessCheck } from "../../src/engine/backends";
import { budget, createGovernor, RECOGNISABLE } from "../../src/live/governor";
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

  test("a fast one reaches the top", () => {
    expect(run(machine(1, 5), 900).at(-1)).toBe(704);
  });
});

/** A device: how long it takes, where it should be after a minute or so, and how often it may change its mind. */
interface Device {
  name: string;
  speed: Machine;
  frames: number;
  settles: readonly number[];
  changes: number;
  struggling: boolean;
}

const noise = random(7);
const stretches = Array.from({ length: 1000 }, random(99));
const stretch = (second: number) => stretches[second];
/** A machine with other work: `share` of the frames, in stretches of a second, take so many times as long. */
const busy =
  (quiet: Machine, share: number, times: number): Machine =>
  (side, frame) =>
    quiet(side, frame) * (stretch(Math.floor(frame / 15)) < share ? times : 1) * (0.8 + 0.4 * noise());
const hot =
  (cool: Machine, from: number, times: number): Machine =>
  (side, frame) =>
    cool(side, frame) * (1 + (times - 1) * Math.min(1, Math.max(0, (frame - from) / 600)));

const DEVICES: Device[] = [
  { name: "a fast graphics card", speed: machine(2, 12), frames: 900, settles: [704], changes: 8, struggling: false },
  { name: "a slow graphics card", speed: machine(6, 90), frames: 900, settles: [384], changes: 4, struggling: false },
  {
    name: "a phone that throttles to a third",
    speed: hot(machine(8, 120), 300, 3),
    frames: 3000,
    settles: [256, 288],
    changes: 14,
    struggling: false,
  },
  { name: "a laptop without one", speed: machine(8, 2400), frames: 900, settles: [160], changes: 4, struggling: false },
  {
    name: "two cores under full load: smaller frames would still not move",
    speed: machine(150, 9000),
    frames: 900,
    settles: [224],
    changes: 4,
    struggling: true,
  },
  {
    name: "a machine whose time does not depend on the size",
    speed: () => 400,
    frames: 900,
    settles: [256],
    changes: 6,
    struggling: true,
  },
  {
    name: "a server far away",
    speed: machine(180, 20),
    frames: 900,
    settles: [256],
    changes: 6,
    struggling: true,
  },
  {
    name: "a laptop with other work now and then",
    speed: busy(machine(4, 900), 0.3, 3),
    frames: 3000,
    settles: [160, 192, 224, 256],
    changes: 60,
    struggling: false,
  },
];

describe("simulated devices", () => {
  test.each(DEVICES)("$name", ({ speed, frames, settles, changes: most, struggling }) => {
    const governor = createGovernor(SIDES);
    const sides = run(speed, frames, governor);
    expect(settles).toContain(governor.side);
    expect(changes(sides)).toBeLessThanOrEqual(most);
    expect(governor.struggling).toBe(struggling);
  });

  test.each(DEVICES)("$name: what is hardly recognisable brings half as much again", ({ speed, frames }) => {
    const sides = run(speed, frames);
    const after = sides.slice(200);
    const stays = after.filter((side) => side < RECOGNISABLE).length;
    // Trials pass; where such a size stays, it brings the rate, and motion.
    if (stays < 0.2 * after.length) return;
    const mean = (side: number) => after.reduce((sum, _, i) => sum + speed(side, 200 + i), 0) / after.length;
    const small = after.find((side) => side < RECOGNISABLE)!;
    expect(mean(RECOGNISABLE) / mean(small)).toBeGreaterThanOrEqual(1.4);
  });
});

test("a size that brought nothing is left again for the one before, and tried ever more seldom", () => {
  const sides = run(() => 400, 3000);
  const tries = sides.flatMap((side, i) => (side < 256 && sides[i - 1] === 256 ? [i] : []));
  expect(tries.length).toBeGreaterThan(1);
  expect(tries.length).toBeLessThanOrEqual(6);
  expect(sides.filter((side) => side === 256).length).toBeGreaterThan(0.9 * sides.length);
});

test("as small as can be and still too slow, it goes back to what can be recognised", () => {
  const governor = createGovernor(SIDES);
  expect(run(machine(8, 2400), 300, governor).at(-1)).toBe(160);
  const sides = run(machine(60, 20_000), 100, governor); // another program starts
  expect(sides.at(-1)).toBe(RECOGNISABLE);
  expect(run(machine(8, 2400), 1200, governor).at(-1)).toBe(160);
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
  expect(governor.side).toBe(RECOGNISABLE);
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
