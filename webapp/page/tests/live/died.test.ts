import { expect, test, vi } from "vitest";
import { diedPainting, type Marks, markPainting } from "../../src/live/died";
import type { Backend, EngineEvent } from "../../src/types";

const DAY = 24 * 3600 * 1000;

function storage(): Pick<Storage, "getItem" | "setItem" | "removeItem"> {
  const kept = new Map<string, string>();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
}

/** A page in a tab: what it paints with, and how it is left. */
function page(marks: Marks, backend: Backend) {
  const left = new EventTarget();
  vi.stubGlobal("addEventListener", left.addEventListener.bind(left));
  vi.stubGlobal("document", Object.assign(new EventTarget(), { hidden: false }));
  let tell: (event: EngineEvent) => void = () => {};
  const on = (listener: typeof tell) => {
    tell = listener;
    return () => {};
  };
  markPainting({ on, backend }, marks);
  const size = { width: 1, height: 1 };
  return {
    paint: () => tell({ kind: "painted", size, paintMs: 1, latencyMs: 1 }),
    leave: () => left.dispatchEvent(new Event("pagehide")),
    hide() {
      Object.assign(document, { hidden: true });
      document.dispatchEvent(new Event("visibilitychange"));
    },
  };
}

test("a page that died while the graphics card painted is known by the next one, on this device, for a month", () => {
  const marks = { tab: storage(), device: storage() };
  expect(diedPainting(marks, 99 * DAY)).toBe(false);
  page(marks, "webgpu").paint();
  expect(diedPainting(marks, 100 * DAY)).toBe(true);
  expect(diedPainting(marks, 129 * DAY)).toBe(true);
  expect(diedPainting({ tab: storage(), device: marks.device }, 101 * DAY)).toBe(true);
  expect(diedPainting(marks, 131 * DAY)).toBe(false);
});

test.each<[string, Backend, (by: ReturnType<typeof page>) => void]>([
  ["was left", "webgpu", (by) => by.leave()],
  ["was hidden, as pages are that a phone ends to have room", "webgpu", (by) => by.hide()],
  ["painted with the processor", "wasm", () => {}],
])("a page that %s did not die", (_, backend, end) => {
  const marks = { tab: storage(), device: storage() };
  const before = page(marks, backend);
  before.paint();
  end(before);
  expect(diedPainting(marks, 100 * DAY)).toBe(false);
});

test("where nothing is kept, nothing is known", () => {
  const refuse = (): never => {
    throw new DOMException("denied", "SecurityError");
  };
  const marks: Marks = {
    get tab() {
      return refuse();
    },
    get device() {
      return refuse();
    },
  };
  expect(diedPainting(marks, 5)).toBe(false);
  expect(() => page(marks, "webgpu").paint()).not.toThrow();
});
