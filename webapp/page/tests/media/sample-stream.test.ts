// The sample scene as a stream, its clock driven by hand.
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { openSample } from "../../src/media/sample";

const REFRESH = 1000 / 60; // milliseconds between two pictures of a display
let attributes: CanvasRenderingContext2DSettings[];
let skies: number;
let waiting: FrameRequestCallback[];
let now: number;
const track = { readyState: "live" };

/** What the scene needs of a canvas; it counts the times the whole scene is begun, with its sky. */
function createCanvas() {
  const canvas = {
    width: 0,
    height: 0,
    captureStream: () => ({ getVideoTracks: () => [track] }),
    getContext(_: string, given: CanvasRenderingContext2DSettings) {
      attributes.push(given);
      const known: Record<string, unknown> = {
        canvas,
        createImageData: (width: number, height: number) => ({ data: new Uint8ClampedArray(4 * width * height) }),
        createLinearGradient: () => ({ addColorStop() {} }),
        createRadialGradient: () => ({ addColorStop() {} }),
        fillRect: (_x: number, y: number, width: number) => {
          if (y === 0 && width === canvas.width) skies++;
        },
      };
      return new Proxy(known, { get: (known, name) => known[String(name)] ?? (() => {}), set: () => true });
    },
  };
  return canvas;
}

beforeEach(() => {
  [attributes, skies, waiting, now] = [[], 0, [], 0];
  track.readyState = "live";
  vi.stubGlobal("document", { createElement: createCanvas });
  vi.stubGlobal("requestAnimationFrame", (callback: FrameRequestCallback) => waiting.push(callback));
  vi.spyOn(performance, "now").mockImplementation(() => now);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** A display that shows so many pictures. */
function refresh(times: number): void {
  for (let i = 0; i < times; i++) {
    now += REFRESH;
    for (const callback of waiting.splice(0)) callback(now);
  }
}

test("it is drawn in memory: fetching every frame back from the graphics card would leave it no time to paint", () => {
  openSample();
  expect(attributes.length).toBeGreaterThan(0);
  expect(attributes.every(({ willReadFrequently }) => willReadFrequently)).toBe(true);
});

test("it is drawn thirty times a second, however often the display asks", () => {
  openSample();
  expect(skies).toBe(1);
  refresh(120);
  expect(skies).toBe(1 + 60);
});

test("it is drawn no more once its track is stopped", () => {
  openSample();
  track.readyState = "ended";
  refresh(10);
  expect(skies).toBe(1);
  expect(waiting).toHaveLength(0);
});
