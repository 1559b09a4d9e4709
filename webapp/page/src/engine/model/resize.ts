// Shrinking pictures by averaging areas, as OpenCV's INTER_AREA does.

/** How much of each source pixel goes into a target pixel: first source index and weights (they add up to one). */
function coverage(from: number, to: number): { first: number; weights: number[] }[] {
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
        weights.forEach((w, k) => (sum += w * rows[3 * ((first + k) * to + x) + c]));
        planes[(c * to + y) * to + x] = Math.round(sum) / 255;
      }
    }
  });
  return planes;
}
