// One frame of a clip, painted as the clip will be: unpainted at first, and anew whenever the look changes.
import type { Inspected } from "../../clips/inspect";
import type { Engine, Size } from "../../types";
import { make } from "../dom";

/** Which frame: a share of the clip's length. Beginnings are often black. */
const WHERE = 1 / 3;

/** Sizes of the clip's frames: as they are painted, and as the file will have them. */
export interface ClipSizes {
  painted: Size;
  shown: Size;
}

export interface Preview {
  element: HTMLElement;
  /** Paints it anew: of several changes, the last counts. Rejects with what the engine throws. */
  paint(): Promise<void>;
  /** No more of it; resolves once the painter is free. */
  stop(): Promise<void>;
}

/** `sizes` is asked before each painting. */
export function createPreview(
  clip: Inspected,
  engine: Pick<Engine, "paint" | "reset">,
  sizes: () => ClipSizes,
): Preview {
  const canvas = make("canvas", { role: "img" as never, aria: { label: "A frame of the clip, painted" } });
  const sign = make("p", { className: "sign", textContent: "Painting the preview…", aria: { live: "polite" } });
  const element = make("div", { className: "preview" }, canvas, sign);
  let busy: Promise<void> | null = null;
  let again = false;
  let stopped = false;

  const draw = (frame: VideoFrame): void => {
    Object.assign(canvas, { width: frame.displayWidth, height: frame.displayHeight });
    canvas.getContext("2d")!.drawImage(frame, 0, 0);
    frame.close();
  };
  const frame = (): Promise<VideoFrame> => clip.frame(WHERE);
  const paintOnce = async (): Promise<void> => {
    sign.hidden = false;
    do {
      again = false;
      const { painted, shown } = sizes();
      engine.reset(); // each by itself
      draw(await engine.paint(await frame(), painted, shown));
    } while (again && !stopped);
    sign.hidden = true;
  };
  frame().then(draw, () => {}); // a picture at once
  return {
    element,
    paint() {
      if (stopped) return Promise.resolve();
      again = true;
      busy ??= paintOnce().finally(() => {
        busy = null;
      });
      return busy;
    },
    stop() {
      stopped = true;
      return busy?.catch(() => {}) ?? Promise.resolve();
    },
  };
}
