// One frame of a source, painted whole and kept: a snapshot.
import type { Engine, Frame, ModelDescription, Size } from "../types";
import { liveSize } from "./size";

/** Short side of a snapshot, pixels. */
const STILL = 720;

export interface StillSizes {
  painted: Size;
  shown: Size;
}

/** A snapshot of a picture of `source` pixels whose strokes are those of frames painted at a short side of `side`. Pure. */
export function stillSizes(
  source: Size,
  side: number,
  model: Pick<ModelDescription, "multiple" | "rules">,
): StillSizes {
  const scale = STILL / Math.min(source.width, source.height);
  const even = (length: number) => 2 * Math.round((length * scale) / 2);
  const shown = { width: even(source.width), height: even(source.height) };
  // The nearest shape that is not padded: it is a few pixels narrower or wider than the picture, which brings it back.
  return { shown, painted: liveSize(shown, Math.min(side, STILL), model).size };
}

/** Paints what a video shows now, all of it and without a divider, as a PNG. `side`: see `stillSizes`. */
export async function paintStill(
  engine: Pick<Engine, "paint" | "model">,
  video: HTMLVideoElement,
  side: number,
  mirror: boolean,
): Promise<Blob> {
  const { painted, shown } = stillSizes({ width: video.videoWidth, height: video.videoHeight }, side, engine.model);
  const frame = await engine.paint(await frameOf(video, shown, mirror), painted, shown);
  const canvas = new OffscreenCanvas(shown.width, shown.height);
  canvas.getContext("2d")!.drawImage(frame, 0, 0);
  frame.close();
  return canvas.convertToBlob({ type: "image/png" });
}

/** The picture at the size of the snapshot, the way round that it is shown. */
function frameOf(video: HTMLVideoElement, { width, height }: Size, mirror: boolean): Promise<Frame> {
  const canvas = new OffscreenCanvas(width, height);
  const pen = canvas.getContext("2d", { alpha: false })!;
  pen.imageSmoothingQuality = "high";
  if (mirror) pen.setTransform(-1, 0, 0, 1, width, 0);
  pen.drawImage(video, 0, 0, width, height);
  return createImageBitmap(canvas);
}
