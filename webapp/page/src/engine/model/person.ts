// Only the person, or everything else: the size of the picture in which a person is looked for, and two pictures mixed
// by the lines of its mask, on the processor. The formulas are in models/rules.py; the graph in models/person.
import type { Rules, Size } from "../../types";

/** The size of the picture of a frame of `size` in which a person is looked for. */
export function pictureSize({ width, height }: Size, { multiple, pixels, sides }: Rules["person"]): Size {
  const scale = Math.sqrt(pixels / (width * height)) / multiple;
  const side = (of: number) => Math.min(Math.max(multiple * Math.floor(of * scale + 0.5), sides[0]), sides[1]);
  return { width: side(width), height: side(height) };
}

/**
 * What is shown of `person`, where the frame shows one, and `rest`: RGBA bytes of `size` all three, opaque, as `frame`.
 * `lines`: a, then b, of the graph's output, each of the size `small`.
 */
export function mixed(
  lines: Float32Array,
  small: Size,
  frame: Uint8ClampedArray,
  person: Uint8ClampedArray,
  rest: Uint8ClampedArray,
  size: Size,
  { luma, person: { curve } }: Pick<Rules, "luma" | "person">,
): Uint8ClampedArray<ArrayBuffer> {
  const out = new Uint8ClampedArray(4 * size.width * size.height);
  const [columns, rows] = [linear(small.width, size.width), linear(small.height, size.height)];
  const b = small.width * small.height; // where the b's begin
  for (let y = 0, to = 0; y < size.height; y++) {
    const [above, below, down] = [rows.first[y] * small.width, rows.second[y] * small.width, rows.share[y]];
    for (let x = 0; x < size.width; x++, to += 4) {
      const [left, right, across] = [columns.first[x], columns.second[x], columns.share[x]];
      const read = (from: number) => {
        const upper = lines[from + above + left] + across * (lines[from + above + right] - lines[from + above + left]);
        const lower = lines[from + below + left] + across * (lines[from + below + right] - lines[from + below + left]);
        return upper + down * (lower - upper);
      };
      const light = (luma[0] * frame[to] + luma[1] * frame[to + 1] + luma[2] * frame[to + 2]) / 255;
      const t = Math.min(Math.max((read(0) * light + read(b) - curve[0]) / (curve[1] - curve[0]), 0), 1);
      const share = t * t * (3 - 2 * t);
      for (let i = to; i < to + 3; i++) out[i] = rest[i] + share * (person[i] - rest[i]);
      out[to + 3] = 255;
    }
  }
  return out;
}

/** Bilinear enlargement of a side: for each place the two it lies between, and the second's share. */
function linear(from: number, to: number) {
  const [first, second] = [new Int32Array(to), new Int32Array(to)];
  const share = new Float32Array(to);
  for (let i = 0; i < to; i++) {
    const at = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
    first[i] = Math.floor(at);
    second[i] = Math.min(first[i] + 1, from - 1);
    share[i] = at - first[i];
  }
  return { first, second, share };
}
