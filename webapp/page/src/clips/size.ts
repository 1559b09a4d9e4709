// The size a clip is painted at. Pure.
import type { Size } from "../types";

/**
 * Scales a size down so that its short side is at most `side`. Both sides are multiples of `multiple` (the model's
 * `clip_multiple`: video encoders halve the size of the colours), and at least that; a clip that is not scaled only loses
 * what is over.
 */
export function clipSize({ width, height }: Size, side: number, multiple: number): Size {
  const scale = Math.min(1, side / Math.min(width, height));
  const whole = scale < 1 ? Math.round : Math.floor;
  const scaled = (length: number) => multiple * Math.max(1, whole((length * scale) / multiple));
  return { width: scaled(width), height: scaled(height) };
}
