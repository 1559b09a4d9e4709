// Decoded frames as the painter is to see them: upright, with square pixels, opaque, in an ordinary screen's colours.
import { VideoSample } from "mediabunny";

import type { Transfer } from "../../hdr";
import type { Rules, Size } from "../../types";
import { ClipError } from "../options";
import { placeOf } from "./place";
import { toneMap } from "./tone";

export interface Look {
  /** The size that frames are painted at, and whether that is their own but for what is over. */
  size: Size;
  scaled: boolean;
  /** Where the clip is HDR: how its light is coded. */
  hdr: Transfer | null;
  /** The colours of the clip, as stated to the decoder. */
  colours: VideoColorSpaceInit;
  /** What lies behind transparent pixels, of clips that may have such; null otherwise. */
  background: Rules["background"] | null;
}

const HDR_UNREADABLE =
  "This browser does not hand out the pixels of this HDR clip; try another browser, or export the clip without HDR.";

/** Makes of each sample a frame of the painted size, or one of the same shape that fits into it; the sample stays open. */
export function createFramer(look: Look): (sample: VideoSample) => Promise<VideoFrame> {
  const { size, hdr, background } = look;
  let pen: OffscreenCanvasRenderingContext2D | null = null; // few clips need it
  let first: Size | null = null;
  return async (sample) => {
    const shown = { width: sample.displayWidth, height: sample.displayHeight };
    first ??= shown;
    if (!hdr && !background && isPlain(sample) && sameSize(shown, first)) return cropped(sample, look);
    pen ??= new OffscreenCanvas(size.width, size.height).getContext("2d", { alpha: false, willReadFrequently: true })!;
    const { left, top, width, height } = placeOf(shown, first, look);
    const told = hdr || background ? await relabelled(sample, look) : sample; // from here on at one go: one pen for all
    pen.fillStyle = "black";
    pen.fillRect(0, 0, size.width, size.height);
    pen.fillStyle = `rgb(${background})`;
    if (background) pen.fillRect(left, top, width, height);
    pen.imageSmoothingQuality = "medium";
    told.draw(pen, left, top, width, height);
    if (told !== sample) told.close();
    const pixels = pen.getImageData(0, 0, size.width, size.height).data;
    if (hdr) toneMap(pixels, hdr);
    return new VideoFrame(pixels, {
      format: "RGBX",
      codedWidth: size.width,
      codedHeight: size.height,
      timestamp: sample.microsecondTimestamp,
    });
  };
}

/** Whether nothing has to be done to a sample but perhaps to crop and to scale it. */
function isPlain(sample: VideoSample): boolean {
  const square = sample.squarePixelWidth === sample.codedWidth && sample.squarePixelHeight === sample.codedHeight;
  return sample.rotation === 0 && !sample.flip && square;
}

const sameSize = (a: Size, b: Size): boolean => a.width === b.width && a.height === b.height;

/** The sample's frame; a last odd row or column is cut off, as Python cuts it. */
function cropped(sample: VideoSample, { size, scaled }: Look): VideoFrame {
  const frame = sample.toVideoFrame();
  const { x, y, width, height } = frame.visibleRect!;
  if (scaled || (width === size.width && height === size.height)) return frame;
  const visibleRect = { x, y, width: Math.min(width, size.width), height: Math.min(height, size.height) };
  const cut = new VideoFrame(frame, { visibleRect, timestamp: frame.timestamp });
  frame.close();
  return cut;
}

/**
 * A copy of a sample in the clip's colours with an ordinary screen's curve: so an HDR frame's code values come out of the
 * canvas as they are, and a transparent one, which mediabunny puts together, gets the colours back that it lost.
 */
async function relabelled(sample: VideoSample, { hdr, colours }: Look): Promise<VideoSample> {
  const frame = sample.toVideoFrame();
  try {
    if (!frame.format) {
      if (hdr) throw new ClipError(HDR_UNREADABLE);
      return sample.clone();
    }
    const bytes = new Uint8Array(frame.allocationSize());
    const layout = await frame.copyTo(bytes);
    const { width, height } = frame.visibleRect!;
    const { format, displayWidth, displayHeight, timestamp } = frame;
    const plain = new VideoFrame(bytes, {
      format,
      codedWidth: width,
      codedHeight: height,
      displayWidth,
      displayHeight,
      layout,
      timestamp,
      colorSpace: colours,
    });
    return new VideoSample(plain, { rotation: sample.rotation, flip: sample.flip });
  } finally {
    frame.close();
  }
}
