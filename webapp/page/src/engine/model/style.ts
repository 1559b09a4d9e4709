// Arithmetic on style vectors: any weighted mean of style vectors is a style vector.
import type { Size } from "../../types";
import { Trouble } from "../trouble";
import type { Brush } from "./graph-weights";

/** Σ wᵢ Sᵢ / Σ wᵢ. Throws `Trouble` for weights that are negative, not finite or all zero, and for styles of different models. */
export function blend(styles: ArrayLike<number>[], weights: number[]): Float32Array {
  const shares = sharesOf(weights, styles.length);
  const first = styles[0];
  if (styles.some((style) => style.length !== first.length))
    throw new Trouble("These style vectors belong to different models.");
  const out = new Float64Array(first.length);
  styles.forEach((style, k) => {
    for (let i = 0; i < out.length; i++) out[i] += shares[k] * style[i];
  });
  return Float32Array.from(out);
}

/** Σ wᵢ bᵢ / Σ wᵢ of each parameter; one that a brush lacks is zeros there. Throws as `blend`. */
export function blendBrushes(brushes: Brush[], weights: number[]): Brush {
  const shares = sharesOf(weights, brushes.length);
  const mixed: Record<string, Float32Array> = {};
  brushes.forEach((brush, k) => {
    if (shares[k] === 0) return;
    for (const [name, part] of Object.entries(brush)) {
      mixed[name] ??= new Float32Array(part.length);
      const sum = mixed[name];
      for (let i = 0; i < sum.length; i++) sum[i] += shares[k] * part[i];
    }
  });
  return mixed;
}

/** Weights of `count` styles as shares that add up to one. Throws as `blend`. */
function sharesOf(weights: number[], count: number): number[] {
  if (!count || count !== weights.length) throw new Trouble("Give at least one style, and one weight for each.");
  if (!weights.every((w) => Number.isFinite(w) && w >= 0))
    throw new Trouble("Style weights must be numbers of zero or more.");
  const total = weights.reduce((a, b) => a + b, 0);
  if (total === 0) throw new Trouble("At least one style weight must be above zero.");
  return weights.map((w) => w / total);
}

/** The centre square of a picture: what P sees of it. Pixels. */
export function centreSquare({ width, height }: Size): { left: number; top: number; side: number } {
  const side = Math.min(width, height);
  return { left: Math.floor((width - side) / 2), top: Math.floor((height - side) / 2), side };
}
