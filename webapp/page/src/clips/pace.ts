// How far a clip is, how fast it goes, how long it will take. Pure; times are milliseconds of one clock.

export interface ClipProgress {
  /** Done, 0…1 of the clip's length. */
  share: number;
  /** Frames painted. */
  frames: number;
  /** Both null until there is enough to judge by. */
  framesPerSecond: number | null;
  secondsLeft: number | null;
}

/** The last frames that the pace is taken from, and the shortest time to judge by, in milliseconds. */
const WINDOW = 10_000;
const SHORTEST = 1_000;

/** Call the result with the share that is done after each painted frame. */
export function createPace(): (share: number, now: number) => ClipProgress {
  const past: { share: number; now: number }[] = [];
  let frames = 0;
  return (share, now) => {
    frames += 1;
    past.push({ share, now });
    while (past.length > 2 && past[1].now <= now - WINDOW) past.shift();
    const seconds = (now - past[0].now) / 1000;
    const done = share - past[0].share;
    if (seconds * 1000 < SHORTEST || done <= 0) return { share, frames, framesPerSecond: null, secondsLeft: null };
    return { share, frames, framesPerSecond: (past.length - 1) / seconds, secondsLeft: ((1 - share) * seconds) / done };
  };
}
