// Frames as pixels in memory, for the painters that are not on the GPU.
import type { Frame, Size } from "../../../types";
import { type Framing, wholeFrame } from "../framing";
import { frameSize } from "../painter";

export interface Reader {
  /** RGBA bytes of a frame at a size: of all of it and as it is, unless told otherwise. */
  pixels(frame: Frame, size: Size, framing?: Framing): Uint8ClampedArray<ArrayBuffer>;
  /** The same as a JPEG, quality in 0…1. */
  jpeg(frame: Frame, size: Size, quality: number, framing?: Framing): Promise<Blob>;
}

export function createReader(): Reader {
  const canvas = new OffscreenCanvas(1, 1);
  const context = canvas.getContext("2d", { willReadFrequently: true, alpha: false })!;
  const draw = (
    frame: Frame,
    { width, height }: Size,
    { crop, mirror } = { crop: wholeFrame(frameSize(frame)), mirror: false },
  ) => {
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    context.imageSmoothingQuality = "medium";
    context.setTransform(mirror ? -1 : 1, 0, 0, 1, mirror ? width : 0, 0);
    context.drawImage(frame, crop.left, crop.top, crop.width, crop.height, 0, 0, width, height);
  };
  return {
    pixels(frame, size, framing) {
      draw(frame, size, framing);
      return context.getImageData(0, 0, size.width, size.height).data as Uint8ClampedArray<ArrayBuffer>;
    },
    jpeg(frame, size, quality, framing) {
      draw(frame, size, framing);
      return canvas.convertToBlob({ type: "image/jpeg", quality });
    },
  };
}
