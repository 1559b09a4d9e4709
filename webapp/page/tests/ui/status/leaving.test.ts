// The page is listened to only while something would be lost.
import { expect, test, vi } from "vitest";
import { wouldBeLost } from "../../../src/ui/status/leaving";

test("asks while one thing or another would be lost, and listens no longer than that", () => {
  const listening = new Set<(event: Event) => void>();
  vi.stubGlobal("addEventListener", (_: string, listener: () => void) => listening.add(listener));
  vi.stubGlobal("removeEventListener", (_: string, listener: () => void) => listening.delete(listener));
  const asks = (): boolean => {
    const event = new Event("beforeunload", { cancelable: true });
    for (const listener of listening) listener(event);
    return event.defaultPrevented;
  };

  wouldBeLost("clip", false);
  expect(listening.size).toBe(0);
  wouldBeLost("clip", true);
  wouldBeLost("recording", true);
  expect(asks()).toBe(true);
  wouldBeLost("clip", false);
  expect(asks()).toBe(true);
  wouldBeLost("recording", false);
  expect(listening.size).toBe(0);
});
