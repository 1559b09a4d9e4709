// How far a study has come. Pure: times come in.
import type { StudyRules } from "../../types";

/** A step that takes so many times the others', and so many seconds, was slept through: the machine, or the page, was asleep. */
const ASLEEP = { times: 10, seconds: 20 };

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
  let [steps, passed, first, last, slept] = [0, 0, 0, start, 0];
  const pace = (): number => (steps > 1 ? (passed - first) / (steps - 1) : passed);
  const left = (): number => Math.max(0, seconds - passed, (least_steps - before - steps) * pace());
  return {
    get steps() {
      return before + steps;
    },
    tick(now) {
      const took = (now - last) / 1000;
      if (steps > 1 && took > Math.max(ASLEEP.seconds, ASLEEP.times * pace())) slept += took - pace();
      passed = (now - start) / 1000 - slept;
      last = now;
      steps++;
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
