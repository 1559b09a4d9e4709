// Picks the working size that holds the frame rate. Pure: paint times come in, a short side comes out.
//
// Smaller frames are a means, not an end: each time, it is measured whether they helped, and where they did not the larger
// size comes back. Below `RECOGNISABLE` people are hard to make out, so such sizes must bring much, and reach `SLOWEST`;
// where nothing reaches that, the picture counts for more than the rate.

/** Up to this short side the frame rate may fall to 15 a second before the size does, pixels. */
const SMALL = 256;
/** Down to this short side a face is still a face, pixels. */
export const RECOGNISABLE = 224;
/** Frames a second: of large frames, of small ones, and the fewest that still look like motion. */
const [FASTEST, FAST, SLOWEST] = [30, 15, 10];
/** How many times the rate a smaller size must bring: any, and one that is hardly recognisable. */
const [HELPS, HELPS_MUCH] = [1.1, 1.5];
/** Grow only if the next step is expected within this share of a frame's time. */
const HEADROOM = 0.8;
/** Frames after a change that do not count: the new size is being set up. */
const SETTLE = 3;
/** Paint times looked at before shrinking and before growing. */
const [FEW, MANY] = [8, 30];
/** So many frames in a row this much over the budget need no further look. */
const [HOPELESS, OVER] = [3, 4];
/** Frames until a change that proved wrong is tried again; doubled each time it fails. */
const [FIRST_BAN, LONGEST_BAN] = [150, 9000];

/** Milliseconds a frame may take at a short side. */
export const budget = (side: number): number =>
  1000 / (side <= RECOGNISABLE ? SLOWEST : side <= SMALL ? FAST : FASTEST);

export interface Governor {
  /** The present short side, pixels. */
  readonly side: number;
  /** Whether no size reaches ten frames a second here. */
  readonly struggling: boolean;
  /** The time of one painted frame, milliseconds. Returns the side for the next. */
  report(paintMs: number): number;
  /** Sides outside are not used. */
  limit(least: number, most: number): void;
}

/** Chooses among `all`, short sides in pixels from small to large; begins with the one nearest to `start`. */
export function createGovernor(all: readonly number[], start = 256): Governor {
  const sides = all.filter((side) => side >= RECOGNISABLE || (RECOGNISABLE / side) ** 2 >= HELPS_MUCH);
  let [least, most] = [sides[0], sides[sides.length - 1]];
  let step = nearest(sides, start);
  let times: number[] = [];
  let settling = SETTLE;
  let frames = 0;
  /** A smaller size on trial: where it was come from, what a frame took there, and how many times the rate it must bring. */
  let trial: { from: number; time: number; needed: number } | null = null;
  const tooLarge = sides.map(() => createBan());
  const noSmaller = sides.map(() => createBan());

  const go = (to: number) => {
    if (to === step) return;
    step = to;
    times = [];
    trial = null;
    settling = SETTLE;
  };
  const inLimits = (index: number) => index >= 0 && sides[index] >= least && sides[index] <= most;
  const expectedAt = (index: number, time: number) => time * (sides[index] / sides[step]) ** 2;
  const affordable = (index: number, time: number) => expectedAt(index, time) <= budget(sides[index]);

  /**
   * The largest smaller size that would do, or else the least recognisable one; null where that is not enough, and nothing
   * smaller would do.
   */
  const smaller = (time: number): number | null => {
    const below: number[] = [];
    for (let index = step - 1; inLimits(index); index--) below.push(index);
    const recognisable = below.filter((index) => sides[index] >= RECOGNISABLE);
    if (recognisable.length) return recognisable.find((index) => affordable(index, time)) ?? recognisable.at(-1)!;
    return below.find((index) => affordable(index, time)) ?? null;
  };
  const shrink = (time: number) => {
    const to = smaller(time);
    if (to !== null) {
      const from = step;
      tooLarge[from].set(frames);
      go(to);
      trial = { from, time, needed: sides[to] < RECOGNISABLE ? HELPS_MUCH : HELPS };
    } else if (sides[step] < RECOGNISABLE) {
      back(sides.findIndex((side) => side >= RECOGNISABLE)); // so small, and still too slow
    }
  };
  /** A size that did not help is given up for the larger one. */
  const back = (to: number) => {
    if (!inLimits(to)) return;
    go(to);
    noSmaller[to].set(frames);
  };
  /** Whether there is a larger size to be tried, and it did not prove too large lately. */
  const mayGrow = () =>
    times.length === MANY && step + 1 < sides.length && inLimits(step + 1) && tooLarge[step + 1].over(frames);

  return {
    get side() {
      return sides[step];
    },
    get struggling() {
      return times.length >= 2 * FEW && median(times) > 1000 / SLOWEST;
    },
    report(paintMs) {
      frames++;
      if (settling > 0) {
        settling--;
        return sides[step];
      }
      times.push(paintMs);
      if (times.length > MANY) times.shift();
      // Smaller at once when a few frames in a row are hopeless, or when the typical one of some more is too slow.
      const latest = times.slice(-HOPELESS);
      const hopeless = times.length >= HOPELESS && Math.min(...latest) > OVER * budget(sides[step]);
      const typical = median(hopeless ? latest : times.slice(-FEW));
      if (trial && (hopeless || times.length >= FEW)) {
        const { from, time, needed } = trial;
        trial = null;
        if (time < needed * typical) {
          back(from);
          return sides[step];
        }
      }
      if (hopeless || (times.length >= FEW && typical > budget(sides[step]))) {
        // What can hardly be recognised takes more than a burst of other work.
        const sure = sides[step] > RECOGNISABLE || (times.length === MANY && median(times) > budget(sides[step]));
        if (sure && noSmaller[step].over(frames)) shrink(typical);
      } else if (mayGrow()) {
        // Larger only when most of many frames would be quick enough there.
        const above = expectedAt(step + 1, share(times, 0.8));
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

/** What is not to be tried again for some frames, and ever longer each time it is set. */
function createBan() {
  let [until, length] = [0, FIRST_BAN];
  return {
    set(frames: number) {
      until = frames + length;
      length = Math.min(2 * length, LONGEST_BAN);
    },
    over: (frames: number) => frames >= until,
  };
}

/** Which of the sides is nearest to one. */
const nearest = (sides: readonly number[], side: number): number =>
  sides.reduce((best, each, i) => (Math.abs(each - side) < Math.abs(sides[best] - side) ? i : best), 0);

/** The value below which a share of the times lies. */
function share(times: number[], part: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
}

const median = (times: number[]): number => share(times, 0.5);
