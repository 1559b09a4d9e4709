// Picks the working size that holds the frame rate. Pure: paint times come in, a size comes out.
import type { Crop, Size } from "../types";

/** Short sides, pixels. Below 256 a painting loses its subject: those are for machines that cannot do better. */
export const STEPS = [128, 160, 192, 224, 256, 288, 336, 384, 448, 512, 576, 640, 720] as const;

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

/** Starts at `start` px or the nearest step. */
export function createGovernor(start = 256): Governor {
  let [least, most] = [STEPS[0] as number, STEPS[STEPS.length - 1] as number];
  let step = nearest(start);
  let times: number[] = [];
  let settling = SETTLE;
  let frames = 0;
  const bans = STEPS.map(() => ({ until: 0, length: FIRST_BAN }));

  const go = (to: number) => {
    if (to === step) return;
    step = to;
    times = [];
    settling = SETTLE;
  };
  const inLimits = (index: number) => STEPS[index] >= least && STEPS[index] <= most;
  const shrink = (typical: number) => {
    const ban = bans[step];
    ban.until = frames + ban.length;
    ban.length = Math.min(2 * ban.length, LONGEST_BAN);
    let to = step - 1;
    while (to > 0 && inLimits(to - 1) && expected(typical, step, to) > budget(STEPS[to])) to--;
    go(to);
  };

  return {
    get side() {
      return STEPS[step];
    },
    report(paintMs) {
      frames++;
      if (settling > 0) {
        settling--;
        return STEPS[step];
      }
      times.push(paintMs);
      if (times.length > MANY) times.shift();
      const recent = median(times.slice(-FEW));
      const hopeless = times.length >= HOPELESS && Math.min(...times.slice(-HOPELESS)) > OVER * budget(STEPS[step]);
      const tooLarge = hopeless || (times.length >= FEW && recent > budget(STEPS[step]));
      if (tooLarge && step > 0 && inLimits(step - 1)) shrink(recent);
      else if (
        times.length === MANY &&
        step + 1 < STEPS.length &&
        inLimits(step + 1) &&
        frames >= bans[step + 1].until
      ) {
        const above = expected(share(times, 0.8), step, step + 1);
        if (above <= HEADROOM * budget(STEPS[step + 1])) go(step + 1);
      }
      return STEPS[step];
    },
    limit(lowest, highest) {
      [least, most] = [lowest, Math.max(lowest, highest)];
      if (inLimits(step)) return;
      const inside = STEPS.findLastIndex((side) => side <= most);
      go(Math.max(0, STEPS[step] < least ? STEPS.findIndex((side) => side >= least) : inside));
    },
  };
}

/** The time at another step when it grows with the number of pixels. */
const expected = (time: number, from: number, to: number): number => time * (STEPS[to] / STEPS[from]) ** 2;

const nearest = (side: number): number =>
  STEPS.reduce((best, each, i) => (Math.abs(each - side) < Math.abs(STEPS[best] - side) ? i : best), 0);

/** The value below which a share of the times lies. */
function share(times: number[], part: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
}

const median = (times: number[]): number => share(times, 0.5);

/** Sides are multiples of so many pixels: networks want them, and encoders of recordings at least even ones. */
const GRAIN = 8;

/** The part of a picture that is painted and shown: its middle, so cut that at full size its pixels stay pixels. */
export function paintedCrop({ width, height }: Size): Crop {
  const cut = (n: number) => (n < GRAIN ? n : n - (n % GRAIN));
  const part = { width: cut(width), height: cut(height) };
  return { left: Math.floor((width - part.width) / 2), top: Math.floor((height - part.height) / 2), ...part };
}

/** The working size of a picture for a short side: its shape kept, multiples of 8, not larger than the picture. */
export function workingSize(source: Size, side: number): Size {
  const short = Math.min(source.width, source.height);
  const scale = Math.min(side, short) / short;
  const round = (n: number) => Math.max(16, Math.round((n * scale) / GRAIN) * GRAIN);
  return { width: round(source.width), height: round(source.height) };
}
