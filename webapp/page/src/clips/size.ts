// The size a clip is painted at. Pure.
import type { Size } from "../types";

/** Scales a size down so that its short side is at most `side`; both sides even, as H.264 needs, and at least 2. */
export function clipSize({ width, height }: Size, side: number): Size {
  const scale = Math.min(1, side / Math.min(width, height));
  const even = scale < 1 ? Math.round : Math.floor;
  const fit = (length: number) => Math.max(2, 2 * even((length * scale) / 2));
  return { width: fit(width), height: fit(height) };
}
