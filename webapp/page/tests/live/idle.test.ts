// When a still scene may rest: settled first, then a new painting now and then.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { alike, createIdle, type Idle } from "../../src/live/idle";

const BYTES = 4 * 48 * 48;
let level: number;

/** What the page's thumbnail needs of a canvas: it gives back a picture of one brightness. */
class PlainCanvas {
  getContext() {
    return { drawImage() {}, getImageData: () => ({ data: new Uint8ClampedArray(BYTES).fill(level) }) };
  }
}

beforeEach(() => {
  level = 0;
  vi.stubGlobal("OffscreenCanvas", PlainCanvas);
});
afterEach(() => void vi.unstubAllGlobals());

/** How many of the frames of a second, 40 ms apart from `start` on, are painted. */
function painted(idle: Idle, start: number): number {
  let count = 0;
  for (let now = start; now < start + 1000; now += 40) {
    if (idle.isIdle(now)) continue;
    idle.painting(now);
    count++;
  }
  return count;
}

test("a still scene is painted until the steady painting has settled, then twice a second", () => {
  const idle = createIdle({} as CanvasImageSource);
  expect(painted(idle, 0)).toBe(9);
  expect(painted(idle, 1000)).toBe(2);
});

test("it settles anew when woken and when the scene has changed", () => {
  const idle = createIdle({} as CanvasImageSource);
  painted(idle, 0);
  idle.wake();
  expect(painted(idle, 1000)).toBe(9);
  level = 40;
  expect(painted(idle, 2000)).toBe(9);
});

test("noise is no change, a moving hand is", () => {
  const scene = Uint8ClampedArray.from({ length: 1024 }, (_, i) => (i % 4 === 3 ? 255 : (i * 37) % 256));
  const noisy = scene.map((v, i) => (i % 4 === 3 ? v : v + (i % 2)));
  expect(alike(scene, noisy)).toBe(true);
  const hand = scene.slice();
  for (let i = 0; i < 12; i++) hand[400 + i] = 255 - hand[400 + i];
  expect(alike(scene, hand)).toBe(false);
  const darker = scene.map((v, i) => (i % 4 === 3 ? v : v - 3));
  expect(alike(scene, darker)).toBe(false);
});
