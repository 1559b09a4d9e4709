// Where frames of another size than the first's are drawn. Pure.
import type { Crop, Size } from "../../types";

/**
 * Where a frame is drawn: over all where it has the first frame's size or shape, else as large as it fits, in the middle.
 * `size`: what is painted; where it is not `scaled`, at most a last row or column of the first frame is over.
 */
export function placeOf(shown: Size, first: Size, { size, scaled }: { size: Size; scaled: boolean }): Crop {
  const into = scaled
    ? size
    : { width: Math.max(first.width, size.width), height: Math.max(first.height, size.height) };
  const stretched = {
    width: (shown.width * into.width) / first.width,
    height: (shown.height * into.height) / first.height,
  };
  const scale = Math.min(into.width / stretched.width, into.height / stretched.height);
  const fitted = (side: number, all: number) => {
    const length = Math.max(1, Math.round(side * scale));
    return all - length > 1 ? length : all;
  };
  const [width, height] = [fitted(stretched.width, into.width), fitted(stretched.height, into.height)];
  return { left: Math.floor((into.width - width) / 2), top: Math.floor((into.height - height) / 2), width, height };
}
