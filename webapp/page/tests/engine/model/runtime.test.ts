// How many threads and lanes the processor gets: as many as the browser lets share memory, and as there are cores.
import { afterEach, expect, test, vi } from "vitest";

import { laneThreads, threads, threadsBeside } from "../../../src/engine/model/runtime";

afterEach(() => vi.unstubAllGlobals());

/** A browser with eight cores: whether the page is isolated, and whether workers may share memory there. */
function browser(isolated: boolean, shares: boolean): void {
  vi.stubGlobal("navigator", { hardwareConcurrency: 8 });
  vi.stubGlobal("crossOriginIsolated", isolated);
  if (!shares) {
    vi.stubGlobal("SharedArrayBuffer", undefined);
    Reflect.deleteProperty(globalThis, "SharedArrayBuffer");
  }
}

test("an isolated page has threads", () => {
  browser(true, true);
  expect([threads(), laneThreads(), threadsBeside()]).toEqual([4, 2, 4]);
});

test("without isolation there is one thread", () => {
  browser(false, true);
  expect([threads(), laneThreads(), threadsBeside()]).toEqual([1, 1, 1]);
});

test("nor are there more where an isolated page gets no shared memory, as in WebKitGTK", () => {
  browser(true, false);
  expect([threads(), laneThreads(), threadsBeside()]).toEqual([1, 1, 1]);
});
