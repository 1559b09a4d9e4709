// Pictures at another size as OpenCV makes them, and laid on the background where they are transparent.
import type { Rules, Size } from "../../types";

/** A picture's RGBA bytes. */
export interface Pixels extends Size {
  data: Uint8ClampedArray;
}

/** RGBA bytes over a background, in place: no pixel is transparent afterwards. */
export function flatten(pixels: Uint8ClampedArray, background: Rules["background"]): void {
  for (let i = 0; i < pixels.length; i += 4) {
    const alpha = pixels[i + 3] / 255;
    for (let c = 0; c < 3; c++) pixels[i + c] = alpha * pixels[i + c] + (1 - alpha) * background[c];
    pixels[i + 3] = 255;
  }
}

/** How much of each source pixel goes into a target pixel: first source index and weights (they add up to one). */
export function coverage(from: number, to: number): { first: number; weights: number[] }[] {
  const scale = from / to;
  return Array.from({ length: to }, (_, i) => {
    const [left, right] = [i * scale, Math.min((i + 1) * scale, from)];
    const first = Math.floor(left);
    const weights: number[] = [];
    for (let j = first; j < right; j++) weights.push((Math.min(j + 1, right) - Math.max(j, left)) / (right - left));
    return { first, weights };
  });
}

/** OpenCV's cubic, which the shaders use, too. */
const CUBIC = -0.75;

/** For each of `to` positions the four nearest of `from` pixels, the border repeated, and how much of each. */
export function cubic(from: number, to: number): { at: Int32Array; weights: Float32Array } {
  const at = new Int32Array(4 * to);
  const weights = new Float32Array(4 * to);
  for (let i = 0; i < to; i++) {
    const position = ((i + 0.5) * from) / to - 0.5;
    const [first, f] = [Math.floor(position) - 1, position - Math.floor(position)];
    const [before, after] = [CUBIC * f * (1 - f) ** 2, CUBIC * (1 - f) * f ** 2];
    const near = 1 + f * f * ((CUBIC + 2) * f - (CUBIC + 3));
    weights.set([before, near, 1 - before - near - after, after], 4 * i);
    for (let k = 0; k < 4; k++) at[4 * i + k] = Math.min(from - 1, Math.max(0, first + k));
  }
  return { at, weights };
}

/** RGBA bytes at another size, opaque, as OpenCV does it: areas are averaged where it shrinks, otherwise it is cubic. */
export function resized(picture: Pixels, size: Size): Pixels {
  const { data, width, height } = picture;
  const [columns, rows] = [taps(width, size.width), taps(height, size.height)];
  const narrow = new Float32Array(3 * size.width * height);
  for (let y = 0; y < height; y++) {
    columns.forEach(({ at, weights }, x) => {
      const to = 3 * (y * size.width + x);
      for (let k = 0; k < at.length; k++) {
        const from = 4 * (y * width + at[k]);
        for (let c = 0; c < 3; c++) narrow[to + c] += weights[k] * data[from + c];
      }
    });
  }
  const out = new Uint8ClampedArray(4 * size.width * size.height).fill(255);
  rows.forEach(({ at, weights }, y) => {
    for (let x = 0; x < size.width; x++) {
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let k = 0; k < at.length; k++) sum += weights[k] * narrow[3 * (at[k] * size.width + x) + c];
        out[4 * (y * size.width + x) + c] = sum;
      }
    }
  });
  return { data: out, ...size };
}

/** For each of `to` positions the pixels it is made of, and how much of each. */
function taps(from: number, to: number): { at: ArrayLike<number>; weights: ArrayLike<number> }[] {
  if (from > to) {
    return coverage(from, to).map(({ first, weights }) => ({ at: weights.map((_, k) => first + k), weights }));
  }
  const { at, weights } = cubic(from, to);
  return Array.from({ length: to }, (_, i) => ({
    at: at.subarray(4 * i, 4 * i + 4),
    weights: weights.subarray(4 * i, 4 * i + 4),
  }));
}

/** A square of RGBA bytes, `from` pixels wide → RGB planes [3,to,to] in 0…1, rounded to 8 bits on the way; from ≥ to. */
export function shrinkSquare(pixels: Uint8ClampedArray, from: number, to: number): Float32Array {
  const spans = coverage(from, to);
  const rows = new Float32Array(from * to * 3); // [from,to,3]: columns done
  for (let y = 0; y < from; y++) {
    spans.forEach(({ first, weights }, x) => {
      const at = 3 * (y * to + x);
      weights.forEach((w, k) => {
        const p = 4 * (y * from + first + k);
        for (let c = 0; c < 3; c++) rows[at + c] += w * pixels[p + c];
      });
    });
  }
  const planes = new Float32Array(3 * to * to);
  spans.forEach(({ first, weights }, y) => {
    for (let x = 0; x < to; x++) {
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        weights.forEach((w, k) => {
          sum += w * rows[3 * ((first + k) * to + x) + c];
        });
        planes[(c * to + y) * to + x] = Math.round(sum) / 255;
      }
    }
  });
  return planes;
}
