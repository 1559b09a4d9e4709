// Pictures for P: laid on the background where they are transparent, shrunk by averaging areas as OpenCV's INTER_AREA does.
import type { Rules } from "../../types";

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
