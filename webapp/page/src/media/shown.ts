// What the engine shows, as a stream for a video element.
import type { Engine } from "../types";

export interface Shown {
  stream: MediaStream;
  /** Nothing is copied any more. */
  end(): void;
}

/**
 * The canvas is drawn by a worker. Where hidden tabs are painted (Chromium) its own stream goes on in them. In Firefox
 * reading such a canvas stopped the page for ten seconds at a time: elsewhere a canvas of the page shows the frames that
 * recordings get.
 */
export function streamShown(engine: Pick<Engine, "canvas" | "capture">): Shown {
  if ("MediaStreamTrackProcessor" in globalThis) return { stream: engine.canvas!.captureStream(30), end() {} };
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d", { alpha: false })!;
  const end = engine.capture((frame) => {
    const size = { width: frame.displayWidth, height: frame.displayHeight };
    if (canvas.width !== size.width || canvas.height !== size.height) Object.assign(canvas, size);
    pen.drawImage(frame, 0, 0);
    frame.close();
  });
  return { stream: canvas.captureStream(), end };
}
