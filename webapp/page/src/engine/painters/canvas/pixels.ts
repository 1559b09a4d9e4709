// Pixels and planes: padding, conversion and the finishing of clips, as the Python runtime does them.
import type { ModelDescription, Size, View } from "../../../types";

/** How frames are padded for a model, pixels. */
export interface Padding {
  multiple: number;
  least: number;
}

export const paddingOf = ({ multiple, rules }: ModelDescription): Padding => ({ multiple, least: rules.least_side });

/** The size the network gets: sides are the next multiple, and at least `least`, which is a multiple itself. */
export function padded({ width, height }: Size, { multiple, least }: Padding): Size {
  const pad = (n: number) => Math.max(Math.ceil(n / multiple) * multiple, least);
  return { width: pad(width), height: pad(height) };
}

/** Which of n pixels stands at i ≥ 0 when the border is mirrored with its own last pixel: 0…n-1, n-1…0, … */
export function reflected(i: number, n: number): number {
  const at = i % (2 * n);
  return at < n ? at : 2 * n - 1 - at;
}

/** For each of `to` positions the source pixel: n pixels reflected to the next multiple, that again to `to`. */
export function sources(n: number, to: number, multiple: number): Int32Array {
  const first = Math.ceil(n / multiple) * multiple;
  return Int32Array.from({ length: to }, (_, i) => reflected(reflected(i, first), n));
}

/** RGBA bytes of `size` → RGB planes [3,H',W'] in 0…1, padded right and below by reflection. */
export function toPlanes(pixels: Uint8ClampedArray, size: Size, padding: Padding): Float32Array {
  const to = padded(size, padding);
  const columns = sources(size.width, to.width, padding.multiple);
  const rows = sources(size.height, to.height, padding.multiple);
  const area = to.width * to.height;
  const planes = new Float32Array(3 * area);
  let at = 0;
  for (const row of rows) {
    for (const column of columns) {
      const from = 4 * (row * size.width + column);
      planes[at] = pixels[from] / 255;
      planes[at + area] = pixels[from + 1] / 255;
      planes[at + 2 * area] = pixels[from + 2] / 255;
      at++;
    }
  }
  return planes;
}

/** Planes [3,H',W'] → RGBA bytes of `size`, the padding left out. */
export function toPixels(planes: Float32Array, size: Size, padding: Padding): Uint8ClampedArray<ArrayBuffer> {
  const from = padded(size, padding);
  const area = from.width * from.height;
  const pixels = new Uint8ClampedArray(4 * size.width * size.height);
  let to = 0;
  for (let y = 0; y < size.height; y++) {
    let at = y * from.width;
    for (let x = 0; x < size.width; x++, at++, to += 4) {
      pixels[to] = planes[at] * 255;
      pixels[to + 1] = planes[at + area] * 255;
      pixels[to + 2] = planes[at + 2 * area] * 255;
      pixels[to + 3] = 255;
    }
  }
  return pixels;
}

/** Planes [3,H',W'] → [3,H,W]: without the padding. */
export function cropPlanes(planes: Float32Array, size: Size, padding: Padding): Float32Array {
  const from = padded(size, padding);
  const out = new Float32Array(3 * size.width * size.height);
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < size.height; y++) {
      const at = (c * from.height + y) * from.width;
      out.set(planes.subarray(at, at + size.width), (c * size.height + y) * size.width);
    }
  }
  return out;
}

/**
 * The painting mixed with its frame, in place: `keepColors` paints the luminance only, `strength` 0…1 mixes. RGBA bytes;
 * `luma` are the model's weights of R, G and B.
 */
export function finish(
  painted: Uint8ClampedArray,
  frame: Uint8ClampedArray,
  { strength, keepColors }: Pick<View, "strength" | "keepColors">,
  [red, green, blue]: readonly [number, number, number],
): void {
  if (!keepColors && strength === 1) return;
  for (let i = 0; i < painted.length; i += 4) {
    // Replacing Y in YCbCr adds the same difference to R, G and B.
    const difference =
      red * (painted[i] - frame[i]) + green * (painted[i + 1] - frame[i + 1]) + blue * (painted[i + 2] - frame[i + 2]);
    for (let c = i; c < i + 3; c++) {
      const full = keepColors ? Math.min(255, Math.max(0, frame[c] + difference)) : painted[c];
      painted[c] = frame[c] + strength * (full - frame[c]);
    }
  }
}
