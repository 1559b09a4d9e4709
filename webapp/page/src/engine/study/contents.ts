// What a style is studied on: a pool of squares from the frames that come, each with a second frame of its own, as
// export/runtime/contents.py makes them.
import type { StudyRules } from "../../types";
import type { Pixels } from "../model/resize";
import { cut, fitted, type Square } from "./pictures";

/** Inputs of the step that change from step to step, by name. */
export type Batch = Record<"frame" | "other" | "down" | "across" | "seen" | "content", Float32Array>;

type Random = () => number;

/** A random square of a picture, from as large as `side` to the whole short side. */
function drawSquare(random: Random, { width, height }: Pixels, side: number): Square {
  const least = Math.min(side, width, height);
  const size = least + random() * (Math.min(width, height) - least);
  return { left: random() * (width - size), top: random() * (height - size), side: size };
}

/** [side,side] which, times a line of the moved picture, reads the line of the first: row y reads y − shift. */
export function shifts(side: number, shift: number): Float32Array {
  const found = new Float32Array(side * side);
  for (let y = Math.max(0, shift); y < Math.min(side, side + shift); y++) found[y * side + y - shift] = 1;
  return found;
}

/** What belongs to a square that was moved by `x` and `y` pixels: `down`, `across`, and `seen`, where both show the place. */
export function moved(side: number, [x, y]: readonly [number, number]): Pick<Batch, "down" | "across" | "seen"> {
  const down = shifts(side, y);
  const line = shifts(side, x);
  const across = new Float32Array(side * side);
  const seen = new Float32Array(side * side);
  for (let i = 0; i < side; i++) {
    for (let j = 0; j < side; j++) {
      across[j * side + i] = line[i * side + j];
      seen[i * side + j] = Number(i - y >= 0 && i - y < side && j - x >= 0 && j - x < side);
    }
  }
  return { down, across, seen };
}

/** Planes in light that differs a little, with sensor noise. */
export function exposed(
  random: Random,
  planes: Float32Array,
  { noise, light }: Pick<StudyRules, "noise" | "light">,
): Float32Array {
  const [grain, factor] = [random() * noise, Math.exp(light * normal(random))];
  return planes.map((value) => Math.min(1, Math.max(0, factor * value + grain * normal(random))));
}

/** A number of the normal distribution (Box and Muller 1958). */
const normal = (random: Random): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

interface Content {
  picture: Pixels;
  square: Square;
  frame: Float32Array;
  content: Float32Array;
}

export interface Contents {
  /** A frame to study on, for as long as there is room for more. */
  add(frame: Pixels): void;
  /** N squares as inputs of the step. There must be a frame. */
  draw(n: number): Promise<Batch>;
}

/**
 * Squares of `side` pixels; `features` of each are computed once, its second frame is another one every time. Once the pool
 * is full, the squares of frames that come later take the place of the oldest.
 */
export function createContents(
  side: number,
  rules: StudyRules,
  features: (frame: Float32Array) => Promise<Float32Array>,
  random: Random = Math.random,
): Contents {
  const pictures: Pixels[] = [];
  const pool: Content[] = [];
  /** Frames that came since squares were last cut. */
  let fresh = 0;

  const cutSquare = async (picture: Pixels): Promise<Content> => {
    const square = drawSquare(random, picture, side);
    const frame = cut(picture, square, side, [0, 0]);
    return { picture, square, frame, content: await features(frame) };
  };
  const anyOf = <T>(all: T[]): T => all[Math.floor(random() * all.length)];
  const choose = async (n: number): Promise<Content[]> => {
    if (pool.length >= rules.pool && fresh === 0) {
      const left = [...pool];
      return Array.from({ length: n }, () => left.splice(Math.floor(random() * left.length), 1)[0]);
    }
    const among = fresh > 0 ? pictures.slice(-fresh) : pictures;
    fresh = 0;
    const cutNow: Content[] = [];
    for (let i = 0; i < n; i++) cutNow.push(await cutSquare(anyOf(among)));
    pool.push(...cutNow);
    pool.splice(0, Math.max(0, pool.length - Math.max(rules.pool, n)));
    return cutNow;
  };
  const second = ({ picture, square }: Content): Omit<Batch, "frame" | "content"> => {
    const whole = () => Math.floor(random() * (2 * rules.shift + 1)) - rules.shift;
    const shift: [number, number] = random() < rules.still ? [0, 0] : [whole(), whole()];
    return { other: exposed(random, cut(picture, square, side, shift), rules), ...moved(side, shift) };
  };

  return {
    add(frame) {
      if (pictures.length >= rules.frames) return;
      pictures.push(fitted(frame, rules.side));
      fresh++;
    },
    async draw(n) {
      const chosen = await choose(n);
      const all = chosen.map((each) => ({ frame: each.frame, content: each.content, ...second(each) }));
      return Object.fromEntries(
        Object.keys(all[0]).map((name) => [name, joined(all.map((each) => each[name as keyof Batch]))]),
      ) as Batch;
    },
  };
}

/** One array after the other. */
export function joined(parts: Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
