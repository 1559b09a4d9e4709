// A painting brought to a larger size with the fine detail of its frame, for clips painted on the processor; what is
// shown live is made in canvas/shaders.ts and webgpu/shaders.ts. The formula is in models/rules.py (`DETAIL`).
import type { Rules, Size } from "../../../types";
import { coverage, cubic } from "../../model/resize";

/**
 * RGBA bytes painted at a size `small` → RGBA bytes of the size of their frame, opaque. `frame`: RGBA bytes of `size`. A
 * painting that has the frame's size comes back as it is.
 */
export function enlarge(
  painting: Uint8ClampedArray<ArrayBuffer>,
  small: Size,
  frame: Uint8ClampedArray,
  size: Size,
  { luma, detail }: Pick<Rules, "luma" | "detail">,
): Uint8ClampedArray<ArrayBuffer> {
  if (small.width === size.width && small.height === size.height) return painting;
  const light = luminance(frame, luma);
  const coarse = shrunk(light, size, small);
  // The painting and, as its fourth channel, the coarse luminance are enlarged together: columns first, then rows.
  const wide = enlargeColumns(painting, coarse, small, size.width);
  const rows = cubic(small.height, size.height);
  const out = new Uint8ClampedArray(4 * size.width * size.height);
  const stride = 4 * size.width;
  for (let y = 0; y < size.height; y++) {
    const [a, b, c, d] = rows.at.subarray(4 * y, 4 * y + 4).map((row) => row * stride);
    const [p, q, r, s] = rows.weights.subarray(4 * y, 4 * y + 4);
    for (let x = 0; x < stride; x += 4) {
      const mixed = (i: number) => p * wide[a + i] + q * wide[b + i] + r * wide[c + i] + s * wide[d + i];
      const fine = detail * (light[y * size.width + x / 4] - mixed(x + 3));
      const to = y * stride + x;
      for (let i = 0; i < 3; i++) out[to + i] = Math.min(255, Math.max(0, mixed(x + i))) + fine;
      out[to + 3] = 255;
    }
  }
  return out;
}

/** Y of RGBA bytes, 0…255. */
function luminance(pixels: Uint8ClampedArray, [red, green, blue]: Rules["luma"]): Float32Array {
  const light = new Float32Array(pixels.length / 4);
  for (let i = 0; i < light.length; i++) {
    light[i] = red * pixels[4 * i] + green * pixels[4 * i + 1] + blue * pixels[4 * i + 2];
  }
  return light;
}

/** A plane of one size at another: each pixel the mean of those it covers. */
function shrunk(plane: Float32Array, from: Size, to: Size): Float32Array {
  const [columns, rows] = [coverage(from.width, to.width), coverage(from.height, to.height)];
  const narrow = new Float32Array(to.width * from.height);
  for (let y = 0; y < from.height; y++) {
    columns.forEach(({ first, weights }, x) => {
      for (let k = 0; k < weights.length; k++)
        narrow[y * to.width + x] += weights[k] * plane[y * from.width + first + k];
    });
  }
  const out = new Float32Array(to.width * to.height);
  rows.forEach(({ first, weights }, y) => {
    for (let k = 0; k < weights.length; k++)
      for (let x = 0; x < to.width; x++) out[y * to.width + x] += weights[k] * narrow[(first + k) * to.width + x];
  });
  return out;
}

/** RGB of the painting with the coarse luminance as the fourth channel, every row enlarged: [h,W,4], 0…255. */
function enlargeColumns(painting: Uint8ClampedArray, coarse: Float32Array, small: Size, width: number): Float32Array {
  const columns = cubic(small.width, width);
  const out = new Float32Array(4 * width * small.height);
  for (let y = 0; y < small.height; y++) {
    for (let x = 0; x < width; x++) {
      const to = 4 * (y * width + x);
      for (let k = 4 * x; k < 4 * x + 4; k++) {
        const from = y * small.width + columns.at[k];
        const weight = columns.weights[k];
        for (let i = 0; i < 3; i++) out[to + i] += weight * painting[4 * from + i];
        out[to + 3] += weight * coarse[from];
      }
    }
  }
  return out;
}
