// Arithmetic on style vectors: any weighted mean of style vectors is a style vector.
import type { Size } from "../../types";
import { Trouble } from "../trouble";

/** Σ wᵢ Sᵢ / Σ wᵢ. Throws `Trouble` for weights that are negative, not finite or all zero, and for styles of different models. */
export function blend(styles: ArrayLike<number>[], weights: number[]): Float32Array {
  const first = styles[0];
  if (!first || styles.length !== weights.length)
    throw new Trouble("Give at least one style, and one weight for each.");
  if (!weights.every((w) => Number.isFinite(w) && w >= 0))
    throw new Trouble("Style weights must be numbers of zero or more.");
  const total = weights.reduce((a, b) => a + b, 0);
  if (total === 0) throw new Trouble("At least one style weight must be above zero.");
  if (styles.some((style) => style.length !== first.length))
    throw new Trouble("These style vectors belong to different models.");
  const out = new Float64Array(first.length);
  styles.forEach((style, k) => {
    const w = weights[k] / total;
    for (let i = 0; i < out.length; i++) out[i] += w * style[i];
  });
  return Float32Array.from(out);
}

/** The centre square of a picture: what P sees of it. Pixels. */
export function centreSquare({ width, height }: Size): { left: number; top: number; side: number } {
  const side = Math.min(width, height);
  return { left: Math.floor((width - side) / 2), top: Math.floor((height - side) / 2), side };
}
