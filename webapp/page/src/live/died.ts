// Whether the page died the last time, while the graphics card painted: some versions of iOS end the whole page after some
// hundred frames (ONNX Runtime's issue 27584), and no event tells. So a mark is set while it paints, and taken away when the
// page is left; who finds it begins with the processor.
import type { Engine } from "../types";

const [PAINTING, DIED] = ["impasto-painting", "impasto-died"];
/** After so many days the graphics card is tried again: browsers are renewed. */
const DAYS = 30;

type Kept = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** Where the marks are: one for this tab alone, one for the device. Looking there may throw. */
export interface Marks {
  readonly tab: Kept;
  readonly device: Kept;
}

/** Whether the graphics card had better not be tried; said once a page. `now`: milliseconds since 1970. */
export function diedPainting(marks: Marks, now: number): boolean {
  try {
    const { tab, device } = marks;
    if (tab.getItem(PAINTING)) device.setItem(DIED, String(now));
    tab.removeItem(PAINTING);
    return now - Number(device.getItem(DIED) ?? 0) < DAYS * 24 * 3600 * 1000;
  } catch {
    return false; // nothing is kept here
  }
}

export const MARKS: Marks = {
  get tab() {
    return sessionStorage;
  },
  get device() {
    return localStorage;
  },
};

/** Sets the mark while the graphics card paints and the page is seen: hidden pages are ended for other reasons. */
export function markPainting(engine: Pick<Engine, "on" | "backend">, marks: Marks): void {
  let marked = false;
  const mark = (on: boolean): void => {
    if (marked === on) return;
    marked = on;
    try {
      if (on) marks.tab.setItem(PAINTING, "yes");
      else marks.tab.removeItem(PAINTING);
    } catch {
      // nothing is kept here
    }
  };
  engine.on((event) => {
    if (event.kind === "painted") mark(engine.backend === "webgpu" && !document.hidden);
    if (event.kind === "opening") mark(false);
  });
  addEventListener("pagehide", () => mark(false));
  document.addEventListener("visibilitychange", () => mark(false));
}
