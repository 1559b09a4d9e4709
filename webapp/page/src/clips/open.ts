// A clip opened: its picture, and when the samples of its tracks are shown; or a sentence that says why it cannot be painted.
import { BlobSource, Input, type InputTrack, MATROSKA, MP4, MPEG_TS, QTFF, WEBM } from "mediabunny";

import type { Rules, Size } from "../types";
import { readDelays } from "./container/delays";
import { type EditList, readEdits } from "./container/edits";
import { codecName, containerName } from "./container/names";
import { onOneClock, recordingsOf } from "./container/one-clock";
import { type Part, partsOf, whole } from "./container/timeline";
import { pictureTrack } from "./container/tracks";
import { ClipError, NoClipError } from "./options";
import type { Look } from "./picture/frames";
import { firstSample, type Picture, readPicture } from "./picture/picture";
import { clipSize } from "./size";

/** Bytes that tell what a file is. */
const HEAD = 64;

export interface Opened {
  input: Input;
  picture: Picture;
  /** Of the picture as it is shown: upright, with square pixels. The first frame says so, not the header. */
  size: Size;
  /** Whether it may be transparent. */
  transparent: boolean;
  timing: Timing;
}

interface Timing {
  /** By the track's number. */
  edits: Map<number, EditList>;
  parts(track: InputTrack): Part[];
}

/** Opens a clip; whoever asks disposes of its input. Throws `ClipError`. */
export async function openClip(file: Blob): Promise<Opened> {
  let input = new Input({ source: new BlobSource(file), formats: [MP4, QTFF, MATROSKA, WEBM, MPEG_TS] });
  try {
    await refuseUnreadable(file, input);
    if ((await input.getFormat()) === MPEG_TS) input = await withOneClock(file, input);
    return { input, ...(await readTracks(file, input)) };
  } catch (error) {
    input.dispose();
    if (error instanceof ClipError || error instanceof RangeError) throw error;
    throw new ClipError("The clip could not be read; it seems to be damaged.", { cause: error });
  }
}

/** How the frames are painted at a short side of at most `side`. */
export function lookOf({ picture, size, transparent }: Opened, side: number, rules: Rules): Look {
  const { hdr, colours } = picture;
  return {
    size: clipSize(size, side, rules.clip_multiple),
    scaled: Math.min(size.width, size.height) > side,
    hdr,
    colours,
    background: transparent ? rules.background : null,
  };
}

async function refuseUnreadable(file: Blob, input: Input): Promise<void> {
  if (file.size === 0) throw new NoClipError("This file is empty; copy or download it again.");
  if (!(await input.canRead())) {
    const name = containerName(new Uint8Array(await file.slice(0, HEAD).arrayBuffer()));
    throw new ClipError(
      name
        ? `This is ${name}, no clip that the browser can read: choose an MP4, MOV, WebM or MKV.`
        : "This file is no clip that the browser can read: choose an MP4, MOV, WebM or MKV.",
    );
  }
  if ((await input.getTracks()).length === 0)
    throw new NoClipError("This file holds nothing to play; it seems to be damaged.");
}

/** The input again, or, where it was joined from recordings whose clocks differ, another that sets them to one. */
async function withOneClock(file: Blob, input: Input): Promise<Input> {
  const tracks = [...(await input.getVideoTracks()), ...(await input.getAudioTracks())];
  const recordings = await Promise.all(tracks.map(recordingsOf));
  const count = Math.max(...recordings.map(({ length }) => length));
  if (count <= 1) return input;
  // Of a picture it is its order of decoding that goes on, whose times are in the file alone.
  const known = new Map(tracks.map((track, i) => [track.id, track.isVideoTrack() ? null : recordings[i]] as const));
  const source = recordings.every(({ length }) => length === count) ? await onOneClock(file, known) : null;
  if (!source)
    throw new ClipError("This clip was joined from recordings whose clocks differ, which the browser cannot follow.");
  input.dispose();
  return new Input({ source, formats: [MPEG_TS] });
}

/** When the samples of each track are shown. */
async function readTiming(file: Blob, input: Input): Promise<Timing> {
  const format = await input.getFormat();
  const edits = format === MP4 || format === QTFF ? await readEdits(file) : new Map<number, EditList>();
  const delays = format === MATROSKA || format === WEBM ? await readDelays(file) : new Map<number, number>();
  const origin = edits.size > 0 ? 0 : await begins(input);
  return {
    edits,
    parts({ id }) {
      const list = edits.get(id);
      return list ? partsOf(list) : whole(-origin - (delays.get(id) ?? 0));
    },
  };
}

/**
 * When on its own clock a clip begins: those of broadcasts and of pieces of live streams start anywhere. Where an edit
 * list says what is shown when, a pause that it begins with is meant.
 */
async function begins(input: Input): Promise<number> {
  return Math.max(0, await input.getFirstTimestamp());
}

async function readTracks(file: Blob, input: Input): Promise<Omit<Opened, "input">> {
  const track = await pictureTrack(input);
  if (!track) throw new NoClipError("There is no picture in this file, only sound: choose a video.");
  if (!(await track.canDecode())) {
    const name = codecName(await track.getCodec(), await track.getInternalCodecId());
    throw new ClipError(`This browser cannot decode the clip’s picture (${name}); try another browser.`);
  }
  const timing = await readTiming(file, input);
  const edits = timing.edits.get(track.id);
  const start = edits && !edits.fragmented ? edits.edits[0].at : null;
  const picture = await readPicture(track, timing.parts(track), start);
  const first = await firstSample(picture);
  if (!first) throw new ClipError("This clip shows no frame that can be decoded; it seems to be damaged.");
  const size = { width: first.displayWidth, height: first.displayHeight };
  first.close();
  return { picture, size, transparent: await track.canBeTransparent(), timing };
}
