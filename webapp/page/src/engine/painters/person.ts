// Where the frames of a camera or a clip show people: the segmenter's session, and the mask that it holds on to, carried along
// the stabilizer's motion. The rule is in models/rules.py, the graphs are in models/person. The Python runtime does the same in
// export/runtime/person.py.
import type { Tensor } from "onnxruntime-web";

import type { Rules, Size } from "../../types";
import type { Runtime, Session } from "../model/runtime";
import { sentenceOf } from "../trouble";
import { goesOn, type Moment, type Motion } from "./steady";

/** The segmenter, and what carries its mask. */
export type PersonGraph = "person" | "carry";

/**
 * Frames of a camera of which one is looked at; the mask of the others is that of the one before, carried along and refined
 * by their own light.
 */
const EVERY = 2;
/** Milliseconds: where frames come further apart, people have gone further than motion is found, and each frame is looked at. */
const NEAR = 100;
/** Looks in a row that find nobody until that is told, and looks of which one is asked. */
const [PATIENCE, ASKED] = [24, 4];

export interface Person {
  /**
   * The lines [1,2,h,w] of a frame's mask, good until the next look; null where the segmenter does not work here.
   * `moment.size` is that of the picture [1,3,h,w], which is only asked for where it is looked at. `motion`: how the frame has
   * moved; where it is not known the mask before is taken to be where it was.
   */
  look(moment: Moment, picture: () => Tensor, motion: Motion<Tensor> | null): Promise<Tensor | null>;
  /** Nobody is looked for any more: the next look begins anew, also where it did not work (a download that broke off). */
  rest(): void;
  release(): Promise<void>;
}

export interface PersonOptions {
  ort: Runtime;
  open(graph: PersonGraph): Promise<Session>;
  rules: Rules["person"];
  /** Zeros where the graph runs. */
  zeros(dims: number[]): Tensor;
  /** The values of a mask, where it can be read. */
  read(mask: Tensor): Promise<Float32Array>;
  /** After so many looks a fresh session begins a mask anew: see `SessionsOptions.renewAfter`. */
  renewAfter?: number;
  found(found: boolean): void;
  trouble(sentence: string): void;
}

export function createPerson(options: PersonOptions): Person {
  const { ort, open, rules, zeros, read, renewAfter = Number.POSITIVE_INFINITY, found, trouble } = options;
  const sessions: Partial<Record<PersonGraph, Promise<Session>>> = {};
  let runs = 0;
  /** The mask cannot be carried here: it stays where it was. */
  let fixed = false;
  let broken = false;
  let past: { mask: Tensor; lines: Tensor; moment: Moment } | null = null;
  let frames = 0;
  let [looks, misses] = [0, 0];
  let told: boolean | null = null;

  const forget = (): void => {
    past?.mask.dispose();
    past?.lines.dispose();
    past = null;
  };
  const ask = async (mask: Tensor): Promise<void> => {
    if (looks++ % ASKED) return;
    const values = await read(mask);
    misses = shareOf(values) < rules.least ? misses + ASKED : 0;
    const now = misses === 0 ? true : misses >= PATIENCE ? false : told;
    if (now !== null && now !== told) found(now);
    told = now;
  };
  /** Closes what is open; the mask, which belongs to it, is forgotten. */
  const close = async (): Promise<void> => {
    forget();
    const opened = Object.values(sessions);
    delete sessions.person;
    delete sessions.carry;
    await Promise.allSettled(opened.map((each) => each.then((session) => session.release())));
  };
  const ready = (graph: PersonGraph): Promise<Session> => (sessions[graph] ??= open(graph));
  /** What was found in the frame before, brought to where it is now; the old is disposed of. */
  const carried = async (found: Tensor, { extent, ...motions }: Motion<Tensor>): Promise<Tensor> => {
    const carry = await ready("carry");
    const part = new ort.Tensor("float32", Float32Array.from(extent), [1, 2, 1, 1]);
    const made = await carry.run({ found, ...motions, extent: part });
    found.dispose();
    return made.carried;
  };
  /** Carries what is known to the next frame: the mask, and its lines where they will be shown. */
  const carryOn = async (known: NonNullable<typeof past>, motion: Motion<Tensor> | null, lines: boolean) => {
    if (fixed || !motion) return;
    try {
      known.mask = await carried(known.mask, motion);
      if (lines) known.lines = await carried(known.lines, motion);
    } catch (error) {
      console.warn("carry graph:", error);
      fixed = true;
    }
  };
  const run = async (moment: Moment, picture: Tensor, motion: Motion<Tensor> | null): Promise<Tensor> => {
    if (runs >= renewAfter) {
      await close();
      runs = 0;
    }
    runs++;
    const graph = await ready("person");
    const { width, height } = moment.size;
    const known = past !== null && goesOn(past.moment, moment) ? past : null;
    if (known) await carryOn(known, motion, false);
    const last = known ? known.mask : zeros([1, 1, height, width]);
    const hold = new ort.Tensor("float32", Float32Array.of(known ? rules.hold : 0), [1]);
    const { mask, lines } = await graph.run({ picture, last, hold });
    if (!known) last.dispose();
    forget();
    past = { mask, lines, moment };
    ask(mask).catch(() => {}); // the mask went with the painter
    return lines;
  };
  return {
    async look(moment, picture, motion) {
      if (broken) return null;
      const known = past !== null && moment.time !== null && goesOn(past.moment, moment) ? past : null;
      const near = Number(moment.time) - Number(known?.moment.time) <= NEAR;
      if (known && near && ++frames % EVERY) {
        known.moment = moment;
        await carryOn(known, motion, true);
        return known.lines;
      }
      frames = 0;
      try {
        return await run(moment, picture(), motion);
      } catch (error) {
        console.warn("person graph:", error);
        broken = true;
        trouble(sentenceOf(error, "People cannot be found here, so everything is painted."));
        return null;
      }
    },
    rest() {
      if (broken) delete sessions.person;
      if (fixed) delete sessions.carry;
      [broken, fixed] = [false, false];
      [looks, misses, told] = [0, 0, null];
    },
    release: close,
  };
}

/** The share of a picture that a mask says is people. */
const shareOf = (mask: Float32Array): number => mask.reduce((sum, value) => sum + Number(value > 0.5), 0) / mask.length;

/** Lines in memory, a then b, and their size. */
export interface Lines extends Size {
  values: Float32Array;
}
