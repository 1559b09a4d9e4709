// When the samples of a track are shown, from the times that mediabunny gives them. Pure; seconds.
import type { EditList } from "./edits";

/** Samples from `from` up to `to` are shown `shift` later; those of no part are not shown. */
export interface Part {
  from: number;
  to: number;
  shift: number;
}

/** A tick of the finest clocks there are is longer, the error of sums of float64 shorter. */
const EPSILON = 1e-7;

/** Seconds by which a clock may go back, or skip time, from one packet of a track to the next: `clock.py` has the same. */
const [BACK, AHEAD] = [0.5, 10];

/** Whether a packet at `time`, behind one at `latest`, begins a recording that was joined on. */
export const beginsAnew = (latest: number, time: number): boolean => time <= latest - BACK || time >= latest + AHEAD;

/** Everything is shown, `shift` later. */
export const whole = (shift: number): Part[] => [{ from: -Infinity, to: Infinity, shift }];

/**
 * The parts of an edited track. mediabunny's times are those of the track's own clock, less the first part's start, plus
 * when it is shown.
 */
export function partsOf({ edits }: EditList): Part[] {
  const base = edits[0].start - edits[0].at;
  return edits.map(({ start, end, at }) => ({ from: start - base, to: end - base, shift: at - (start - base) }));
}

export const within = ({ from, to }: Part, time: number): boolean => time >= from - EPSILON && time < to - EPSILON;

/** A frame of a picture, when it is shown and for how long; `time` is mediabunny's. */
export interface Shown {
  time: number;
  at: number;
  duration: number;
}

/**
 * The frames that each part shows. `times`: those of all frames, rising; `last`: how long the file lets the very last one
 * last, or 0 where it does not say, which makes it last as long as the others do on average. A frame lasts until the next.
 */
export function shownFrames(times: readonly number[], parts: readonly Part[], last: number): Shown[][] {
  const average = times.length > 1 ? (times[times.length - 1] - times[0]) / (times.length - 1) : 1 / 25;
  const end = (times.at(-1) ?? 0) + (last > 0 ? last : average);
  return parts.map((part) =>
    times.flatMap((time, i) => {
      if (!within(part, time)) return [];
      const until = Math.min(times[i + 1] ?? end, part.to);
      return [{ time, at: time + part.shift, duration: Math.max(until - time, 0) }];
    }),
  );
}

/** Moves the whole picture so that its first frame begins with the first part, as FFmpeg does: its encoder's own delay. */
export function withoutDelay(frames: Shown[][], start: number): Shown[][] {
  const delay = Math.min(...frames.flat().map(({ at }) => at)) - start;
  return delay > 0 ? frames.map((part) => part.map((frame) => ({ ...frame, at: frame.at - delay }))) : frames;
}
