// A clip's picture: which frames are shown and when, decoded in the clip's own colours.
import { EncodedPacketSink, type InputVideoTrack, type VideoSample, VideoSampleSink } from "mediabunny";

import { hdrOf, type Transfer } from "../../hdr";
import { type Part, type Shown, shownFrames, withoutDelay } from "../container/timeline";
import { colourSpaceOf } from "./colour";
import { decodeHere, isInvisible } from "./vp8";

export interface Picture {
  track: InputVideoTrack;
  hdr: Transfer | null;
  colours: VideoColorSpaceInit;
  parts: Part[];
  /** The frames of each part. */
  frames: Shown[][];
}

/**
 * What of a track is to be painted. `start`: when an edited track's first frame is shown; null for tracks without edits.
 * From now on the track is decoded in its own colours.
 */
export async function readPicture(track: InputVideoTrack, parts: Part[], start: number | null): Promise<Picture> {
  const { times, last, invisible } = await frameTimes(track);
  const frames = shownFrames(times, parts, last);
  const tagged = await track.getColorSpace();
  const size = { width: await track.getCodedWidth(), height: await track.getCodedHeight() };
  const colours = colourSpaceOf(tagged, size, await track.getCodec());
  await stateColours(track, colours);
  if (invisible && !(await track.canBeTransparent())) decodeHere(colours);
  return {
    track,
    hdr: hdrOf(tagged.transfer),
    colours,
    parts,
    frames: start === null ? frames : withoutDelay(frames, start),
  };
}

/**
 * The times of all frames that are shown, rising, how long the file lets the last one last, and whether there are others
 * that are never shown. Nothing is decoded.
 */
async function frameTimes(track: InputVideoTrack) {
  const vp8 = (await track.getCodec()) === "vp8";
  const times: number[] = [];
  let [latest, last, invisible] = [-Infinity, 0, false];
  for await (const packet of new EncodedPacketSink(track).packets(undefined, undefined, { metadataOnly: !vp8 })) {
    if (vp8 && isInvisible(packet.data)) {
      invisible = true;
      continue;
    }
    times.push(packet.timestamp);
    if (packet.timestamp >= latest) [latest, last] = [packet.timestamp, packet.duration];
  }
  return { times: times.sort((a, b) => a - b), last, invisible };
}

/** Lets the track's decoders know the colours: mediabunny asks the track for their configuration. */
async function stateColours(track: InputVideoTrack, colorSpace: VideoColorSpaceInit): Promise<void> {
  const config = await track.getDecoderConfig();
  if (config) track.getDecoderConfig = async () => ({ ...config, colorSpace });
}

/** The first frame, decoded, or null where there is none; to be closed. */
export async function firstSample(picture: Picture): Promise<VideoSample | null> {
  const first = picture.frames.flat().at(0);
  return first ? sampleAt(picture, first.time) : null;
}

/** The frame at a time of mediabunny's, decoded; to be closed. */
export const sampleAt = (picture: Picture, time: number): Promise<VideoSample | null> =>
  sinkOf(picture).getSample(time);

/** Every frame that is shown, decoded, with when it is shown; each is to be closed. Frames that cannot be decoded are left out. */
export async function* decodedFrames(picture: Picture): AsyncGenerator<{ sample: VideoSample; shown: Shown }> {
  for (const [i, part] of picture.parts.entries()) {
    const shown = picture.frames[i];
    if (!shown.length) continue;
    let next = 0;
    for await (const sample of sinkOf(picture).samples(shown[0].time, part.to)) {
      while (next < shown.length && shown[next].time < sample.timestamp - ROUNDED) next += 1;
      const known = shown.at(next);
      if (known && Math.abs(known.time - sample.timestamp) <= ROUNDED) {
        next += 1;
        yield { sample, shown: known };
      } else sample.close();
    }
  }
}

/** Seconds that the times of a packet and its frame may differ by: Matroska's usual clock has milliseconds. */
const ROUNDED = 6e-4;

/** HDR is decoded in software: what comes from a graphics card can often not be read. */
const sinkOf = ({ track, hdr }: Picture): VideoSampleSink =>
  new VideoSampleSink(track, hdr ? { hardwareAcceleration: "prefer-software" } : {});
