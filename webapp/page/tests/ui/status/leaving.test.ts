import { afterEach, expect, test, vi } from "vitest";

import { wouldBeLost } from "../../../src/ui/status/leaving";

afterEach(() => vi.unstubAllGlobals());

test("the page listens, and asks, only while something would be lost", () => {
  const window = new EventTarget();
  const listening = vi.fn(window.addEventListener.bind(window));
  vi.stubGlobal("addEventListener", listening);
  vi.stubGlobal("removeEventListener", window.removeEventListener.bind(window));
  const leave = () => !window.dispatchEvent(new Event("beforeunload", { cancelable: true }));

  wouldBeLost("clip", false);
  expect(listening).not.toHaveBeenCalled();
  wouldBeLost("clip", true);
  wouldBeLost("recording", true);
  expect(leave()).toBe(true);
  wouldBeLost("clip", false);
  expect(leave()).toBe(true);
  wouldBeLost("recording", false);
  expect(leave()).toBe(false);
});
