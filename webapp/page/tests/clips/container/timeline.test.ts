import { describe, expect, test } from "vitest";

import { beginsAnew, partsOf, shownFrames, whole, within, withoutDelay } from "../../../src/clips/container/timeline";

const times = Array.from({ length: 10 }, (_, n) => n / 10);

describe("frames that are shown", () => {
  test("last until the next, the very last as long as the file says", () => {
    const [frames] = shownFrames([0, 0.1, 0.4], whole(0), 0.05);
    expect(frames.map(({ at }) => at)).toEqual([0, 0.1, 0.4]);
    expect(frames.map(({ duration }) => duration.toFixed(3))).toEqual(["0.100", "0.300", "0.050"]);
  });

  test("last on average where the file does not say, as recorders leave it out", () => {
    const [frames] = shownFrames([0, 0.1, 0.4], whole(0), 0);
    expect(frames[2].duration).toBeCloseTo(0.2);
    expect(shownFrames([1], whole(0), 0)[0][0].duration).toBeCloseTo(1 / 25);
    expect(shownFrames([], whole(0), 0)).toEqual([[]]);
  });

  test("are later by what their track is late", () => {
    expect(shownFrames(times, whole(-0.5), 0)[0][0]).toMatchObject({ time: 0, at: -0.5 });
  });

  test("are those of each part, at its time", () => {
    const edits = [
      { start: 0.2, end: 0.4, at: 0.3 },
      { start: 0.7, end: 0.95, at: 0.5 },
    ];
    // mediabunny's times: 0.3 for what is 0.2 on the track's own clock
    const given = times.map((time) => time + 0.1);
    const parts = partsOf({ edits, mediaSeconds: 1, fragmented: false });
    const frames = shownFrames(given, parts, 0.1);
    expect(frames.map((part) => part.map(({ time }) => time.toFixed(1)))).toEqual([
      ["0.3", "0.4"],
      ["0.8", "0.9", "1.0"],
    ]);
    expect(frames.flat().map(({ at }) => at.toFixed(1))).toEqual(["0.3", "0.4", "0.5", "0.6", "0.7"]);
    expect(frames[1][2].duration).toBeCloseTo(0.05); // cut by the part's end
  });

  test("begin with the first part, whatever their encoder's delay", () => {
    const frames = shownFrames(times, [{ from: 0.15, to: 0.5, shift: -0.15 }], 0.1);
    expect(withoutDelay(frames, 0)[0].map(({ at }) => at.toFixed(2))).toEqual(["0.00", "0.10", "0.20"]);
    expect(withoutDelay([[]], 0)).toEqual([[]]);
  });
});

test("a clock begins anew where it goes back, or skips more than a gap", () => {
  expect([1.04, 0.8, 10.9].map((time) => beginsAnew(1, time))).toEqual([false, false, false]);
  expect([0, 0.5, 11, 7200].map((time) => beginsAnew(1, time))).toEqual([true, true, true, true]);
});

test("a part has its beginning and not its end, whatever the last bits of its times are", () => {
  const part = { from: 0.1 + 0.2, to: 0.7, shift: 0 };
  expect(within(part, 0.3)).toBe(true);
  expect(within({ ...part, to: 0.1 * 7 }, 0.7)).toBe(false);
  expect(within(part, 0.2999)).toBe(false);
});
