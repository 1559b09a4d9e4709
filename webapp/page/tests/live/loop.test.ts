// Which frames of a video reach the painter, and which are not even looked at.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startLive } from "../../src/live/loop";
import type { Engine, EngineEvent } from "../../src/types";

let looked: number;
let shown: number[];
let free: boolean;
let tell: (event: EngineEvent) => void;
let frames: ((now: number, metadata: object) => void)[];

/** Counts how often a thumbnail is made; no two are alike. */
class Canvas {
  getContext() {
    return { drawImage: () => looked++, getImageData: () => ({ data: new Uint8ClampedArray(16).fill(20 * looked) }) };
  }
}

class Taken {
  close() {}
}

const engine = {
  backend: "wasm",
  get free() {
    return free;
  },
  model: { multiple: 32, rules: { least_side: 64 } },
  on(listener: (event: EngineEvent) => void) {
    tell = listener;
    return () => {};
  },
  show(_frame: unknown, _size: unknown, at: number) {
    shown.push(at);
    free = false;
    return true;
  },
} as unknown as Engine;

const video = {
  videoWidth: 512,
  videoHeight: 288,
  readyState: 4,
  requestVideoFrameCallback: (callback: (typeof frames)[number]) => frames.push(callback),
  cancelVideoFrameCallback() {},
} as unknown as HTMLVideoElement;

beforeEach(() => {
  [looked, shown, free, frames] = [0, [], true, []];
  vi.stubGlobal("OffscreenCanvas", Canvas);
  vi.stubGlobal("VideoFrame", Taken);
  vi.stubGlobal("HTMLMediaElement", { HAVE_CURRENT_DATA: 2 });
  vi.stubGlobal("document", { hidden: false, addEventListener() {}, removeEventListener() {} });
});
afterEach(() => void vi.unstubAllGlobals());

const comes = async (captureTime: number) => {
  frames.shift()!(captureTime, { captureTime });
  await new Promise((done) => setTimeout(done));
};

test("a frame that comes while the painter is busy is not looked at", async () => {
  startLive(engine, video, { side: 288 });
  for (const time of [1, 2, 3, 4]) await comes(time);
  expect(shown).toEqual([1]);
  expect(looked).toBe(1);
});

test("the newest of them is painted as soon as there is room", async () => {
  startLive(engine, video, { side: 288 });
  for (const time of [1, 2, 3]) await comes(time);
  free = true;
  tell({ kind: "room" });
  await new Promise((done) => setTimeout(done));
  expect(shown).toEqual([1, 3]);
  expect(looked).toBe(2);
});
