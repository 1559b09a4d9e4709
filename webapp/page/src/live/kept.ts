// How much of earlier paintings is held on to at the painter's pace. Pure: paint times come in, a share comes out.
//
// What moved for long between two frames went too far to be followed, and would be mixed in where it was: a ghost. And
// where frames are so few nothing is seen to flicker.

/** Milliseconds a frame: up to the first all is held that the person wants, from the second on `LEAST` of it. */
const [ALL, LITTLE] = [150, 400];
/** So little that no ghost is seen. Not nothing: another graph would have to be opened for that, and again for the next. */
const LEAST = 0.1;
/** Frames whose median counts: one that took long is no pace. */
const FEW = 5;

export interface Kept {
  /** 0…1, in tenths: what stability is multiplied by. */
  readonly share: number;
  /** The time of one painted frame, milliseconds. */
  report(paintMs: number): void;
}

export function createKept(): Kept {
  let times: number[] = [];
  let share = 1;
  return {
    get share() {
      return share;
    },
    report(paintMs) {
      times = [...times, paintMs].slice(-FEW);
      if (times.length < FEW) return;
      const typical = times.toSorted((a, b) => a - b)[(FEW - 1) / 2];
      const left = Math.min(1, Math.max(0, (LITTLE - typical) / (LITTLE - ALL)));
      share = Math.max(LEAST, Math.round(10 * left) / 10);
    },
  };
}
