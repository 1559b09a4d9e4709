// The sizes a camera's frames are painted at. Pure.
//
// Networks pad frames to multiples of some pixels, and whatever is padded is painted for nothing. So live frames have
// sides that are such multiples; the part of the camera's picture that is painted is cut to the same shape, its middle,
// rather than squeezed into it.
import type { Crop, ModelDescription, Size } from "../types";

/** Short sides: the least, the most, and the one up to which every multiple is a step of its own; pixels. */
const [SHORTEST, LONGEST, CLOSE] = [128, 720, 320];
/** Steps closer than this are not worth a change, pixels. */
const APART = 32;

/** Short sides to choose from for a model's `multiple`, from small to large, in pixels: a tenth to a quarter apart. */
export function shortSides(multiple: number): number[] {
  const step = multiple * Math.ceil(APART / multiple);
  const sides: number[] = [];
  for (let side = step * Math.ceil(SHORTEST / step); side <= LONGEST; side += side < CLOSE ? step : 2 * step) {
    sides.push(side);
  }
  return sides;
}

/** What is painted of a camera's picture, and the size that it is painted at. */
export interface LiveSize {
  size: Size;
  crop: Crop;
}

/**
 * The size nearest in shape to a picture of `source` pixels whose short side is at most `side` and the picture's own. Its
 * sides are multiples that are not padded, however small the picture.
 */
export function liveSize(
  source: Size,
  side: number,
  { multiple, rules }: Pick<ModelDescription, "multiple" | "rules">,
): LiveSize {
  const most = (length: number) => Math.max(rules.least_side, multiple * Math.floor(length / multiple));
  const [short, long] = [Math.min(source.width, source.height), Math.max(source.width, source.height)];
  const shortSide = most(Math.min(side, short));
  // The nearest multiple keeps the most of the picture; a longer side than the picture's own would only enlarge it.
  const nearest = multiple * Math.round((long * shortSide) / short / multiple);
  const longSide = Math.max(shortSide, Math.min(nearest, most(Math.max(long, (long * shortSide) / short))));
  const size =
    source.width >= source.height ? { width: longSide, height: shortSide } : { width: shortSide, height: longSide };
  return { size, crop: cropTo(source, size) };
}

/** The largest part of a picture, its middle, that has the shape of `size`; its sides are even, as video encoders want. */
function cropTo(source: Size, size: Size): Crop {
  const scale = Math.min(source.width / size.width, source.height / size.height);
  const even = (length: number, most: number) =>
    2 * Math.max(1, Math.min(Math.floor(most / 2), Math.round((length * scale) / 2)));
  const [width, height] = [even(size.width, source.width), even(size.height, source.height)];
  return { left: Math.floor((source.width - width) / 2), top: Math.floor((source.height - height) / 2), width, height };
}
