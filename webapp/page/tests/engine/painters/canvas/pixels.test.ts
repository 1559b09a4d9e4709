import { describe, expect, test } from "vitest";

import {
  cropPlanes,
  finish,
  padded,
  reflected,
  sources,
  toPixels,
  toPlanes,
} from "../../../../src/engine/painters/canvas/pixels";

const BY_EIGHT = { multiple: 8, least: 16 };
const LUMA = [0.299, 0.587, 0.114] as const;

const random = (seed: number) => {
  let state = seed;
  return () => {
    state = (state * 16807) % 2147483647;
    return state / 2147483647;
  };
};

function picture(width: number, height: number): Uint8ClampedArray {
  const next = random(width * 31 + height);
  return Uint8ClampedArray.from({ length: 4 * width * height }, (_, i) =>
    i % 4 === 3 ? 255 : Math.floor(256 * next()),
  );
}

test("sizes are padded to the next multiple, and to the least side", () => {
  expect(padded({ width: 64, height: 48 }, BY_EIGHT)).toEqual({ width: 64, height: 48 });
  expect(padded({ width: 65, height: 5 }, BY_EIGHT)).toEqual({ width: 72, height: 16 });
});

test("borders are mirrored with their last pixel, as OpenCV's BORDER_REFLECT: fedcba|abcdefgh|hgfedcb", () => {
  const letters = "abcdefgh";
  const beyond = Array.from({ length: 17 }, (_, i) => letters[reflected(i, 8)]).join("");
  expect(beyond).toBe("abcdefgh" + "hgfedcba" + "a");
  // Five pixels: to eight first, these to sixteen.
  expect(Array.from(sources(5, 16, 8))).toEqual([0, 1, 2, 3, 4, 4, 3, 2, 2, 3, 4, 4, 3, 2, 1, 0]);
});

test.each([
  [16, 16],
  [21, 9],
  [5, 30],
])("a %i × %i picture survives the way to planes and back", (width, height) => {
  const pixels = picture(width, height);
  const planes = toPlanes(pixels, { width, height }, BY_EIGHT);
  const to = padded({ width, height }, BY_EIGHT);
  expect(planes.length).toBe(3 * to.width * to.height);
  expect(toPixels(planes, { width, height }, BY_EIGHT)).toEqual(pixels);
  const cropped = cropPlanes(planes, { width, height }, BY_EIGHT);
  expect(cropped[(2 * height + 3) * width + 4]).toBeCloseTo(pixels[4 * (3 * width + 4) + 2] / 255, 6);
});

test("values beyond white and black are cut off", () => {
  const planes = new Float32Array(3 * 256).fill(1.4);
  planes[0] = -0.3;
  expect(Array.from(toPixels(planes, { width: 16, height: 16 }, BY_EIGHT).slice(0, 4))).toEqual([0, 255, 255, 255]);
});

describe("finishing", () => {
  const [frame, painted] = [picture(9, 7), picture(7, 9)];
  const finished = (view: { strength: number; keepColors: boolean }) => {
    const out = painted.slice();
    finish(out, frame, view, LUMA);
    return out;
  };

  test("full strength is the painting, none is the frame", () => {
    expect(finished({ strength: 1, keepColors: false })).toEqual(painted);
    expect(finished({ strength: 0, keepColors: false })).toEqual(frame);
    expect(finished({ strength: 0, keepColors: true })).toEqual(frame);
  });

  test("half strength lies between", () => {
    for (const [i, v] of finished({ strength: 0.5, keepColors: false }).entries()) {
      expect(Math.abs(v - (painted[i] + frame[i]) / 2)).toBeLessThanOrEqual(0.5);
    }
  });

  test("kept colours have the painting's luminance and the frame's chroma", () => {
    const soft = (pixels: Uint8ClampedArray) => pixels.map((v, i) => (i % 4 === 3 ? v : 96 + v / 4)); // no clipping
    const [from, to] = [soft(frame), soft(painted)];
    const out = to.slice();
    finish(out, from, { strength: 1, keepColors: true }, LUMA);
    const luma = (p: Uint8ClampedArray, i: number) => 0.299 * p[i] + 0.587 * p[i + 1] + 0.114 * p[i + 2];
    for (let i = 0; i < out.length; i += 4) {
      expect(Math.abs(luma(out, i) - luma(to, i))).toBeLessThan(1);
      expect(Math.abs(out[i] - out[i + 2] - (from[i] - from[i + 2]))).toBeLessThanOrEqual(1);
    }
  });
});
