// Picks the working size that holds the frame rate. Pure: paint times come in, a short side comes out.

/** Up to this short side the frame rate may fall to `SLOWEST` before the size does. */
const SMALL = 256;
const FASTEST = 30;
const SLOWEST = 15;
/** Grow only if the next step is expected within this share of a frame's time. */
const HEADROOM = 0.8;
/** Frames after a change that do not count: the new size is being set up. */
const SETTLE = 3;
/** Paint times looked at before shrinking and before growing. */
const [FEW, MANY] = [8, 30];
/** So many frames in a row this much over the budget need no further look. */
const [HOPELESS, OVER] = [3, 4];
/** Frames until a size that proved too large is tried again; doubled each time it fails. */
const [FIRST_BAN, LONGEST_BAN] = [150, 9000];

/** Milliseconds a frame may take at a short side. */
export const budget = (side: number): number => 1000 / (side <= SMALL ? SLOWEST : FASTEST);

export interface Governor {
  /** The present short side, pixels. */
  readonly side: number;
  /** The time of one painted frame, milliseconds. Returns the side for the next. */
  report(paintMs: number): number;
  /** Sides outside are not used. */
  limit(least: number, most: number): void;
}

/** Chooses among `sides`, short sides in pixels from small to large; begins with the one nearest to `start`. */
export function createGovernor(sides: readonly number[], start = 256): Governor {
  let [least, most] = [sides[0], sides[sides.length - 1]];
  let step = nearest(sides, start);
  let times: number[] = [];
  let settling = SETTLE;
  let frames = 0;
  const bans = sides.map(() => ({ until: 0, length: FIRST_BAN }));

  const go = (to: number) => {
    if (to === step) return;
    step = to;
    times = [];
    settling = SETTLE;
  };
  const inLimits = (index: number) => sides[index] >= least && sides[index] <= most;
  const shrink = (typical: number) => {
    const ban = bans[step];
    ban.until = frames + ban.length;
    ban.length = Math.min(2 * ban.length, LONGEST_BAN);
    let to = step - 1;
    while (to > 0 && inLimits(to - 1) && expected(typical, sides[step], sides[to]) > budget(sides[to])) to--;
    go(to);
  };

  /** Whether there is a larger size to be tried, and it did not prove too large lately. */
  const mayGrow = () =>
    times.length === MANY && step + 1 < sides.length && inLimits(step + 1) && frames >= bans[step + 1].until;

  return {
    get side() {
      return sides[step];
    },
    report(paintMs) {
      frames++;
      if (settling > 0) {
        settling--;
        return sides[step];
      }
      times.push(paintMs);
      if (times.length > MANY) times.shift();
      const recent = median(times.slice(-FEW));
      // Smaller at once when a few frames in a row are hopeless, or when the typical one of some more is too slow.
      const hopeless = times.length >= HOPELESS && Math.min(...times.slice(-HOPELESS)) > OVER * budget(sides[step]);
      const tooLarge = hopeless || (times.length >= FEW && recent > budget(sides[step]));
      if (tooLarge && step > 0 && inLimits(step - 1)) shrink(recent);
      else if (mayGrow()) {
        // Larger only when most of many frames would be quick enough there.
        const above = expected(share(times, 0.8), sides[step], sides[step + 1]);
        if (above <= HEADROOM * budget(sides[step + 1])) go(step + 1);
      }
      return sides[step];
    },
    limit(lowest, highest) {
      [least, most] = [lowest, Math.max(lowest, highest)];
      if (inLimits(step)) return;
      const inside = sides.findLastIndex((side) => side <= most);
      go(Math.max(0, sides[step] < least ? sides.findIndex((side) => side >= least) : inside));
    },
  };
}

/** The time at another short side when it grows with the number of pixels. */
const expected = (time: number, from: number, to: number): number => time * (to / from) ** 2;

/** Which of the sides is nearest to one. */
const nearest = (sides: readonly number[], side: number): number =>
  sides.reduce((best, each, i) => (Math.abs(each - side) < Math.abs(sides[best] - side) ? i : best), 0);

/** The value below which a share of the times lies. */
function share(times: number[], part: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
}

const median = (times: number[]): number => share(times, 0.5);
