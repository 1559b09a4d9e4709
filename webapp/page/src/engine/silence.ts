// Tells a worker that fell silent: it owes something, and has said nothing for long. Browsers may end a worker without an
// event, and drivers may never finish what they were given. Pure: ticks of a clock come in, so that time in which the
// machine slept, or the page was frozen, is not counted.

/** Between two looks, milliseconds. */
export const LOOK_EVERY = 5000;
/** So many looks in a row make a silence: a minute. On slow phones a first frame takes ten seconds. */
const LONG = 12;

export interface Silence {
  /** The worker said something. True where that ends a silence. */
  heard(): boolean;
  /** A look. True, once, where the worker has owed something at each of the last looks and said nothing. */
  look(owes: boolean): boolean;
}

export function createSilence(): Silence {
  let looks = 0;
  return {
    heard() {
      const ended = looks >= LONG;
      looks = 0;
      return ended;
    },
    look(owes) {
      looks = owes ? looks + 1 : 0;
      return looks === LONG;
    },
  };
}
