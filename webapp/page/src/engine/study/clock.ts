// How far a study has come. Pure: times come in.
import type { StudyRules } from "../../types";

const LONGEST_STEP = 60_000; // milliseconds; in a longer one the device was asleep

export interface Clock {
  readonly steps: number;
  /** A step was done, at a time. */
  tick(now: number): void;
  /** How much is done, 0…1: as many steps and as much time as the rules ask for, whichever takes longer. */
  readonly share: number;
  /** An estimate. The first step counts for the time, not for the pace: shaders and threads are made in it. */
  readonly secondsLeft: number;
  /** What has passed and what is left. */
  readonly secondsInAll: number;
}

/** Times are milliseconds; `start`: when the first step begins; `before`: steps that were done elsewhere. */
export function createClock(
  { seconds, least_steps }: Pick<StudyRules, "seconds" | "least_steps">,
  start: number,
  before = 0,
): Clock {
  let [steps, passed, first] = [0, 0, 0];
  let [begun, last] = [start, start];
  const left = (): number => {
    const pace = steps > 1 ? (passed - first) / (steps - 1) : passed;
    return Math.max(0, seconds - passed, (least_steps - before - steps) * pace);
  };
  return {
    get steps() {
      return before + steps;
    },
    tick(now) {
      steps++;
      begun += Math.max(0, now - last - LONGEST_STEP);
      last = now;
      passed = (now - begun) / 1000;
      if (steps === 1) first = passed;
    },
    get share() {
      return Math.min(1, (before + steps) / least_steps, passed / seconds);
    },
    get secondsLeft() {
      return left();
    },
    get secondsInAll() {
      return passed + left();
    },
  };
}
