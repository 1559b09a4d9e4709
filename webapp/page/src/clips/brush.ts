// The brush of a clip: its frames are painted at a size of their own, and brought to the clip's with their own detail.
import { liveSize } from "../live/size";
import type { Engine, Size } from "../types";
import type { ClipEngine } from "./options";

/** Short side that strokes are as broad as at, pixels: `DEFAULT` in webapp/files/brush_size.py. */
export const BRUSH = 320;

/** The size that gives strokes as broad as at a short side of `brush`: nothing of it is padded. */
export function brushSize(shown: Size, brush: number, engine: Pick<Engine, "model">): Size {
  const short = Math.min(shown.width, shown.height);
  return brush >= short ? shown : liveSize(shown, brush, engine.model).size;
}

/** The engine as the clip's painting calls it: what is `shown` of the clip's size is painted at the size `painted`. */
export function brushed(engine: ClipEngine, painted: Size, shown: Size): ClipEngine {
  return {
    model: engine.model,
    reset: () => engine.reset(),
    paint: (frame, size) => {
      const same = size.width === shown.width && size.height === shown.height;
      return engine.paint(frame, same ? painted : size, size);
    },
  };
}
