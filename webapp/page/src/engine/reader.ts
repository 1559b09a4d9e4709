// Frames as pixels in memory, for the painters that are not on the GPU.
import type { Frame, Size } from "../types";

export interface Reader {
  /** RGBA bytes of a frame at a size. */
  pixels(frame: Frame, size: Size): Uint8ClampedArray<ArrayBuffer>;
  /** A frame at a size as a JPEG, quality in 0…1. */
  jpeg(frame: Frame, size: Size, quality: number): Promise<Blob>;
}

export function createReader(): Reader {
  const canvas = new OffscreenCanvas(1, 1);
  const context = canvas.getContext("2d", { willReadFrequently: true, alpha: false })!;
  const draw = (frame: Frame, { width, height }: Size) => {
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    context.imageSmoothingQuality = "medium";
    context.drawImage(frame, 0, 0, width, height);
  };
  return {
    pixels(frame, size) {
      draw(frame, size);
      return context.getImageData(0, 0, size.width, size.height).data as Uint8ClampedArray<ArrayBuffer>;
    },
    jpeg(frame, size, quality) {
      draw(frame, size);
      return canvas.convertToBlob({ type: "image/jpeg", quality });
    },
  };
}
