// When the next frame may begin while others are still being painted.
//
// Frames that begin as soon as a lane is free would come in bunches, as the lanes of a bunch are free together. They are
// begun an even share of a frame's time apart instead: as many a second, evenly, and none older than it must be.

/** Of that share: a little less, so that no lane waits for it. */
const SHARE = 0.95;
/** How far the last frame's time moves what is expected of the next. */
const FOLLOW = 0.3;

export interface Pace {
  /** A frame begins; to be called when it is done, with whether it was painted. */
  begin(): (painted: boolean) => void;
  /** Resolves when the next may begin. */
  room(): Promise<void>;
}

/** For so many `lanes`, which paint a frame each. */
export function createPace(lanes: number): Pace {
  let [making, begun] = [0, 0];
  /** Milliseconds of a frame; null before the first is done. */
  let typical: number | null = null;
  let ask: () => void = () => {};

  /** Milliseconds until the next may begin; null: not before another is done. */
  const wait = (): number | null => {
    if (making === 0) return 0;
    if (making >= lanes || typical === null) return null;
    return Math.max(0, begun + (SHARE * typical) / lanes - performance.now());
  };
  return {
    begin() {
      const began = performance.now();
      begun = began;
      making++;
      return (painted) => {
        making--;
        const took = performance.now() - began;
        if (painted) typical = typical === null ? took : typical + FOLLOW * (took - typical);
        ask();
      };
    },
    room() {
      return new Promise((resolve) => {
        let timer: ReturnType<typeof setTimeout> | undefined;
        ask = () => {
          clearTimeout(timer);
          const left = wait();
          if (left === 0) resolve();
          else if (left !== null) timer = setTimeout(ask, left);
        };
        ask();
      });
    },
  };
}
