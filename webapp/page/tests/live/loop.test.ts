// Which frames of a video reach the painter, and which are not even looked at.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startLive } from "../../src/live/loop";
import type { Backend, Engine, EngineEvent } from "../../src/types";

let looked: number;
let shown: number[];
let free: boolean;
let tell: (event: EngineEvent) => void;
let backend: Backend;
/** Brightness of what comes, and before which frames all that was painted was forgotten. */
let level: number;
let resets: number[];
let frames: ((now: number, metadata: object) => void)[];

/** Counts how often a thumbnail is made; no two are alike. */
class Canvas {
  getContext() {
    const getImageData = () => ({ data: new Uint8ClampedArray(4 * 48 * 48).fill(level + looked) });
    return { drawImage: () => looked++, getImageData };
  }
}

class Taken {
  close() {}
}

const engine = {
  get backend() {
    return backend;
  },
  reset() {
    resets.push(shown.length);
  },
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
  [backend, level, resets] = ["wasm", 0, []];
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

test.each<[Backend, number[]]>([
  ["webgpu", [3]],
  ["wasm", []],
])("at a cut %s forgets what was painted, where it does not find cuts itself", async (by, expected) => {
  backend = by;
  startLive(engine, video, { side: 288 });
  for (const [at, bright] of [20, 24, 20, 200, 204, 200].entries()) {
    level = bright;
    free = true;
    await comes(at + 1);
  }
  expect(shown).toHaveLength(6);
  expect(resets).toEqual(expected);
});
