// What a clip is, before anything is painted of it: whether the browser can read it, and one of its frames.
import type { Rules, Size } from "../types";
import { lookOf, openClip } from "./open";
import { ClipError } from "./options";
import { createFramer } from "./picture/frames";
import { sampleAt } from "./picture/picture";

export interface Inspected {
  /** As it is shown: upright, with square pixels. */
  size: Size;
  /** Seconds. */
  length: number;
  /** A frame as it is painted, at a share of the length, 0…1. Whoever asks closes it. */
  frame(share: number): Promise<VideoFrame>;
  close(): void;
}

/** Throws `ClipError` for what cannot be painted here, as its painting would. */
export async function inspect(file: Blob, rules: Rules): Promise<Inspected> {
  const opened = await openClip(file);
  const { input, picture, size } = opened;
  const shown = picture.frames.flat();
  const toFrame = createFramer(lookOf(opened, Infinity, rules));
  return {
    size,
    length: shown.reduce((sum, { duration }) => sum + duration, 0),
    async frame(share) {
      const { time } = shown[Math.min(Math.floor(share * shown.length), shown.length - 1)];
      const sample = await sampleAt(picture, time).catch(() => null);
      if (!sample) throw new ClipError("The clip could not be read to its end; it seems to be damaged.");
      return toFrame(sample).finally(() => sample.close());
    },
    close: () => input.dispose(),
  };
}
