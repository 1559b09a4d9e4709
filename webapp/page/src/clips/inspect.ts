// What a clip is, before anything is painted of it: whether the browser can read it, and one of its frames.
import {
  BlobSource,
  Input,
  type InputVideoTrack,
  MATROSKA,
  MP4,
  MPEG_TS,
  QTFF,
  type VideoSample,
  VideoSampleSink,
  WEBM,
} from "mediabunny";

import type { Size } from "../types";
import { ClipError } from "./options";

export interface Inspected {
  /** As it is shown: upright, with square pixels. */
  size: Size;
  /** Seconds. */
  length: number;
  /** A frame, at a share of the length, 0…1. Whoever asks closes it. */
  frame(share: number): Promise<VideoSample>;
  close(): void;
}

/** Throws `ClipError` for what cannot be painted here, as its painting would. */
export async function inspect(file: Blob): Promise<Inspected> {
  const input = new Input({ source: new BlobSource(file), formats: [MP4, QTFF, MATROSKA, WEBM, MPEG_TS] });
  try {
    const track = await pictureOf(input);
    const size = { width: await track.getDisplayWidth(), height: await track.getDisplayHeight() };
    const first = await track.getFirstTimestamp();
    const length = Math.max(0, (await track.computeDuration()) - first);
    const sink = new VideoSampleSink(track);
    const frame = async (share: number): Promise<VideoSample> => {
      const sample = await sink.getSample(first + share * length).catch(() => null);
      if (!sample) throw new ClipError("The clip could not be read to its end; it seems to be damaged.");
      return sample;
    };
    (await frame(0)).close(); // whatever cannot be decoded says so now
    return { size, length, frame, close: () => input.dispose() };
  } catch (error) {
    input.dispose();
    if (error instanceof ClipError) throw error;
    throw new ClipError("This file holds nothing to play; it seems to be damaged.", { cause: error });
  }
}

async function pictureOf(input: Input): Promise<InputVideoTrack> {
  if (!(await input.canRead()))
    throw new ClipError("This file is no clip that the browser can read: choose an MP4, MOV, WebM or MKV.");
  if ((await input.getTracks()).length === 0)
    throw new ClipError("This file holds nothing to play; it seems to be damaged.");
  const track = await input.getPrimaryVideoTrack();
  if (!track) throw new ClipError("There is no picture in this file, only sound: choose a video.");
  if (!(await track.canDecode())) {
    const codec = (await track.getCodec())?.toUpperCase() ?? "an unknown format";
    throw new ClipError(`This browser cannot decode the clip's picture (${codec}); try another browser.`);
  }
  return track;
}
