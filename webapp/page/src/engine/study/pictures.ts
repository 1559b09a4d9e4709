// Squares of pictures, as export/runtime/contents.py and study.py cut them.
import type { Size, StudyRules } from "../../types";
import { roundToEven } from "../model/half";
import { type Pixels, resized } from "../model/resize";
import { reflected } from "../painters/canvas/pixels";
import { Trouble } from "../trouble";

/** A square of a picture: left, top and side in its pixels, which need not be whole. */
export interface Square {
  left: number;
  top: number;
  side: number;
}

/** Throws Trouble where a painting shows nothing to study; `study.check_painting` in Python. */
export function checkPainting(
  picture: Pixels,
  rules: Pick<StudyRules, "least_side" | "plain" | "painting_side">,
): void {
  const short = Math.min(picture.width, picture.height);
  if (short < rules.least_side)
    throw new Trouble(
      `A picture to study must have ${rules.least_side} pixels a side, and this one has ${short}; without study it paints as it is.`,
    );
  const { covariance } = coloursOf(tiles(picture, rules.painting_side, rules.painting_side, 1));
  const largest = Math.sqrt(Math.max(covariance[0], covariance[4], covariance[8]));
  if (largest < rules.plain)
    throw new Trouble("This picture has one colour and shows nothing to study; without study it paints as it is.");
}

/** The size of a picture with `side` pixels on its short side, the long one cut to twice that; and what is cut. */
export function fittedSize({ width, height }: Size, side: number): { from: Square & Size; size: Size } {
  const short = Math.min(width, height);
  const [left, top] = [width, height].map((length) => Math.floor(Math.max(0, length - 2 * short) / 2));
  const from = { left, top, side: short, width: Math.min(width, 2 * short), height: Math.min(height, 2 * short) };
  const scaled = (length: number) => roundToEven((side * length) / short);
  return { from, size: { width: scaled(from.width), height: scaled(from.height) } };
}

/** A picture with `side` pixels on its short side, the long one cut to twice that. */
export function fitted(picture: Pixels, side: number): Pixels {
  const { from, size } = fittedSize(picture, side);
  return resized(cropped(picture, from.left, from.top, from), size);
}

function cropped(picture: Pixels, left: number, top: number, { width, height }: Size): Pixels {
  if (picture.width === width && picture.height === height) return picture;
  const data = new Uint8ClampedArray(4 * width * height);
  for (let y = 0; y < height; y++) {
    const at = 4 * ((top + y) * picture.width + left);
    data.set(picture.data.subarray(at, at + 4 * width), 4 * y * width);
  }
  return { data, width, height };
}

/**
 * A picture's centre square, which is what P sees too, of `short` pixels in squares of `side`, RGB planes [3,side,side] in
 * 0…1, `most` of them. They lie evenly over it; one that is smaller is continued by its mirror images.
 */
export function tiles(picture: Pixels, short: number, side: number, most: number): Float32Array[] {
  const whole = Math.min(picture.width, picture.height);
  const [x0, y0] = [picture.width, picture.height].map((length) => Math.floor((length - whole) / 2));
  const all = fitted(cropped(picture, x0, y0, { width: whole, height: whole }), short);
  const [width, height] = [Math.max(all.width, side), Math.max(all.height, side)];
  const places = evenly(height - side, Math.ceil(height / side)).flatMap((top) =>
    evenly(width - side, Math.ceil(width / side)).map((left) => [top, left]),
  );
  return evenly(places.length - 1, Math.min(most, places.length)).map((i) => {
    const [top, left] = places[i];
    const rows = Array.from({ length: side }, (_, y) => reflected(top + y, all.height));
    const columns = Array.from({ length: side }, (_, x) => reflected(left + x, all.width));
    return planesOf(side, (c, y, x) => all.data[4 * (rows[y] * all.width + columns[x]) + c] / 255);
  });
}

/** So many whole numbers from 0 to `last`, evenly; one alone is 0. */
const evenly = (last: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => (count === 1 ? 0 : roundToEven((i * last) / (count - 1))));

function planesOf(side: number, value: (c: number, y: number, x: number) => number): Float32Array {
  const planes = new Float32Array(3 * side * side);
  let at = 0;
  for (let c = 0; c < 3; c++)
    for (let y = 0; y < side; y++) for (let x = 0; x < side; x++) planes[at++] = value(c, y, x);
  return planes;
}

/** A square as RGB planes [3,side,side] in 0…1, moved by `shift`, x and y in its own pixels; borders are mirrored. */
export function cut(picture: Pixels, square: Square, side: number, shift: readonly [number, number]): Float32Array {
  let scale = square.side / side;
  let [left, top] = [square.left + scale * shift[0], square.top + scale * shift[1]];
  let from = picture;
  if (scale > 1.5) {
    from = halved(picture); // every pixel counts, and between two of them only these two do
    [scale, left, top] = [scale / 2, left / 2, top / 2];
  }
  const columns = between(left, scale, side, from.width);
  const rows = between(top, scale, side, from.height);
  return planesOf(side, (c, y, x) => {
    const [row, column] = [rows[y], columns[x]];
    const at = (j: number, i: number) => from.data[4 * (j * from.width + i) + c];
    const upper = at(row.a, column.a) + column.part * (at(row.a, column.b) - at(row.a, column.a));
    const lower = at(row.b, column.a) + column.part * (at(row.b, column.b) - at(row.b, column.a));
    return Math.round(upper + row.part * (lower - upper)) / 255;
  });
}

/** For each of `side` positions the two pixels it lies between, of n that are mirrored without repeating the last. */
function between(first: number, scale: number, side: number, n: number): { a: number; b: number; part: number }[] {
  const mirrored = (i: number): number => {
    const at = Math.abs(i) % (2 * n - 2 || 1);
    return at < n ? at : 2 * n - 2 - at;
  };
  return Array.from({ length: side }, (_, i) => {
    const place = scale * i + first + (scale - 1) / 2;
    const whole = Math.floor(place);
    return { a: mirrored(whole), b: mirrored(whole + 1), part: place - whole };
  });
}

/** Half as wide and high: means of four pixels. */
function halved({ data, width, height }: Pixels): Pixels {
  const size = { width: Math.max(1, roundToEven(width / 2)), height: Math.max(1, roundToEven(height / 2)) };
  const out = new Uint8ClampedArray(4 * size.width * size.height);
  for (let y = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      const [right, below] = [Math.min(2 * x + 1, width - 1), Math.min(2 * y + 1, height - 1)];
      for (let c = 0; c < 4; c++) {
        const at = (j: number, i: number) => data[4 * (j * width + i) + c];
        out[4 * (y * size.width + x) + c] =
          (at(2 * y, 2 * x) + at(2 * y, right) + at(below, 2 * x) + at(below, right)) / 4;
      }
    }
  }
  return { data: out, ...size };
}

/** What is asked of the colours of a painting: mean and covariance in L*a*b*, and the deviation of grey. */
export interface Colours {
  mean: number[];
  covariance: number[];
  contrast: number;
}

/** Of RGB planes in 0…1, each of a square, all together. */
export function coloursOf(squares: Float32Array[]): Colours {
  const sums = new Float64Array(3);
  const products = new Float64Array(9);
  let [count, greys, squared] = [0, 0, 0];
  for (const planes of squares) {
    const area = planes.length / 3;
    for (let i = 0; i < area; i++) {
      const [r, g, b] = [planes[i], planes[area + i], planes[2 * area + i]];
      const lab = toLab(r, g, b);
      for (let j = 0; j < 3; j++) {
        sums[j] += lab[j];
        for (let k = 0; k < 3; k++) products[3 * j + k] += lab[j] * lab[k];
      }
      const grey = 0.299 * r + 0.587 * g + 0.114 * b;
      greys += grey;
      squared += grey * grey;
    }
    count += area;
  }
  const mean = Array.from(sums, (sum) => sum / count);
  const covariance = Array.from(products, (sum, i) => sum / count - mean[Math.floor(i / 3)] * mean[i % 3]);
  return { mean, covariance, contrast: Math.sqrt(Math.max(0, squared / count - (greys / count) ** 2)) };
}

/** sRGB in 0…1 → L*a*b* for the white D65. */
function toLab(r: number, g: number, b: number): [number, number, number] {
  const linear = (v: number) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const [red, green, blue] = [linear(r), linear(g), linear(b)];
  const bend = (t: number) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);
  // Each row divided by the white's value.
  const x = bend((0.412453 * red + 0.35758 * green + 0.180423 * blue) / 0.950456);
  const y = bend(0.212671 * red + 0.71516 * green + 0.072169 * blue);
  const z = bend((0.019334 * red + 0.119193 * green + 0.950227 * blue) / 1.088754);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}
