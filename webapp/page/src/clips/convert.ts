// Demuxing, decoding, painting, encoding and muxing of a clip, by mediabunny and WebCodecs.
import {
  BlobSource,
  BufferTarget,
  Conversion,
  type DiscardedTrack,
  getFirstEncodableVideoCodec,
  Input,
  type InputAudioTrack,
  type InputVideoTrack,
  MATROSKA,
  MP4,
  MPEG_TS,
  Mp4OutputFormat,
  Output,
  QTFF,
  Quality,
  type VideoCodec,
  VideoSample,
  WEBM,
} from "mediabunny";

import type { Rules, Size } from "../types";
import { type ClipEngine, ClipError, type ClipOptions } from "./options";
import { createPace } from "./pace";
import { clipSize } from "./size";

/** What players know in an MP4, the most widely known first. */
const PICTURES: VideoCodec[] = ["avc", "vp9", "av1"];
const SOUNDS = new Set<string | null>(["aac", "mp3", "opus", "flac", "ac3", "eac3"]);
/** Paintings are all fine detail: the codecs' usual choices smear it. */
const QUALITY = new Quality("very-high");

/** See `paintClip`. */
export async function convert(file: Blob, engine: ClipEngine, options: ClipOptions): Promise<Blob> {
  const { signal } = options;
  signal?.throwIfAborted();
  const input = new Input({ source: new BlobSource(file), formats: [MP4, QTFF, MATROSKA, WEBM, MPEG_TS] });
  const output = new Output({ format: new Mp4OutputFormat({ fastStart: "in-memory" }), target: new BufferTarget() });
  const frames = createFramePainter(engine, options);
  engine.reset();
  try {
    const conversion = await prepare(input, output, frames.paint, engine.model.rules, options);
    signal?.throwIfAborted();
    await conversion.execute();
    signal?.throwIfAborted();
    return new Blob([output.target.buffer!], { type: "video/mp4" });
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof ClipError || error === frames.failure()) throw error;
    if (error instanceof RangeError)
      throw new ClipError("The painted clip does not fit into memory; choose a smaller size.");
    throw new ClipError("The clip could not be read to its end; it seems to be damaged.", { cause: error });
  } finally {
    await frames.settled();
    input.dispose();
  }
}

/**
 * The engine as mediabunny calls it, frame by frame.
 *
 * The signal stops the work from in here, after a frame: mediabunny's own cancel() forgets an encoder that is just being
 * made, and leaves it open. By the end of the first painting the sound's encoder is made, by the second call the picture's.
 */
function createFramePainter(engine: Pick<ClipEngine, "paint">, { signal, onProgress }: ClipOptions) {
  const pace = createPace();
  let begun = false;
  let painting: Promise<unknown> = Promise.resolve();
  let failure: unknown = null;
  return {
    /** Paints at a size; `length` is the clip's, in seconds. */
    async paint(sample: VideoSample, size: Size, length: number): Promise<VideoSample> {
      if (begun) signal?.throwIfAborted();
      begun = true;
      const work = engine.paint(sample.toVideoFrame(), size);
      painting = work.catch((error: unknown) => {
        failure = error;
      });
      const painted = await work;
      if (signal?.aborted) painted.close();
      signal?.throwIfAborted();
      onProgress?.(pace(Math.min(1, (sample.timestamp + sample.duration) / length), performance.now()));
      return new VideoSample(painted, { timestamp: sample.timestamp, duration: sample.duration });
    },
    /** Until the frame in the painter, if any, is done. */
    settled: () => painting,
    /** What the engine threw, or null. */
    failure: () => failure,
  };
}

/** What is to be done with every track. Throws ClipError where there is no picture that can be painted. */
async function prepare(
  input: Input,
  output: Output,
  paint: (sample: VideoSample, size: Size, length: number) => Promise<VideoSample>,
  rules: Rules,
  { side, onNote }: ClipOptions,
): Promise<Conversion> {
  if (!(await input.canRead()))
    throw new ClipError("This file is no clip that the browser can read: choose an MP4, MOV, WebM or MKV.");
  if ((await input.getTracks()).length === 0)
    throw new ClipError("This file holds nothing to play; it seems to be damaged.");
  const picture = await input.getPrimaryVideoTrack();
  if (!picture) throw new ClipError("There is no picture in this file, only sound: choose a video.");
  const size = await uprightSize(picture).then((whole) => clipSize(whole, side, rules.clip_multiple));
  const codec = await getFirstEncodableVideoCodec(PICTURES, { ...size, quality: QUALITY });
  if (!codec)
    throw new ClipError(`This browser cannot write a video of ${size.width}×${size.height}; choose a smaller size.`);
  const length = (await picture.computeDuration()) - Math.max(0, await input.getFirstTimestamp());
  const conversion = await Conversion.init({
    input,
    output,
    showWarnings: false,
    video: (track) =>
      track === picture
        ? {
            codec,
            quality: QUALITY,
            forceTranscode: true,
            allowTransformationMetadata: false,
            process: (sample) => paint(sample, size, length),
            processedWidth: size.width,
            processedHeight: size.height,
          }
        : { discard: true },
    audio: async (track) => ({ forceTranscode: !SOUNDS.has(await track.getCodec()) }),
  });
  for (const sentence of await losses(conversion.discardedTracks)) onNote?.(sentence);
  return conversion;
}

/** The size of a track's frames as they are shown: turned upright, with square pixels. */
async function uprightSize(track: InputVideoTrack): Promise<Size> {
  return { width: await track.getDisplayWidth(), height: await track.getDisplayHeight() };
}

/** One sentence for each sound track that is lost. Throws ClipError when the picture is. */
async function losses(discarded: DiscardedTrack[]): Promise<string[]> {
  const sentences: string[] = [];
  for (const { track, reason } of discarded) {
    if (reason === "discarded_by_user") continue;
    const codec = (await (track as InputVideoTrack | InputAudioTrack).getCodec())?.toUpperCase() ?? "an unknown format";
    if (track.isVideoTrack())
      throw new ClipError(`This browser cannot decode the clip's picture (${codec}); try another browser.`);
    sentences.push(`The clip's sound (${codec}) could not be kept: this browser cannot decode it.`);
  }
  return sentences;
}
