// A clip taken apart, painted, and put together again, by mediabunny and WebCodecs.
import {
  BufferTarget,
  getFirstEncodableVideoCodec,
  type InputTrack,
  type MetadataTags,
  MP4,
  Mp4OutputFormat,
  Output,
  type VideoCodec,
  VideoSample,
  VideoSampleSource,
} from "mediabunny";

import { PICTURES, QUALITY, withParametersInStream } from "../media/encoding";
import { cutsSound } from "./container/edits";
import { lookOf, type Opened, openClip } from "./open";
import { type ClipEngine, ClipError, type ClipOptions } from "./options";
import { createPace } from "./pace";
import { createFramer, type Look } from "./picture/frames";
import { decodedFrames, type Picture } from "./picture/picture";
import { readSound, type Sound } from "./sound";

/** Frames that the painter is given before the one before them is painted: some paint two at once. */
const AHEAD = 1;

/** See `paintClip`. */
export async function convert(file: Blob, engine: ClipEngine, given: ClipOptions): Promise<Blob> {
  const { signal, onNote } = given;
  const notes: string[] = [];
  const note = (sentence: string): void => {
    notes.push(sentence);
    onNote?.(notes.join(" "));
  };
  const options = { ...given, onNote: note };
  signal?.throwIfAborted();
  const output = new Output({ format: new Mp4OutputFormat({ fastStart: "in-memory" }), target: new BufferTarget() });
  const painter = createPainter(engine);
  engine.reset();
  let opened: Opened | null = null;
  try {
    opened = await openClip(file);
    const clip = await readClip(opened, engine, options);
    signal?.throwIfAborted();
    await writeClip(clip, output, painter, options);
    return new Blob([output.target.buffer!], { type: "video/mp4" });
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof ClipError || error === painter.failure()) throw error;
    if (error instanceof RangeError)
      throw new ClipError("The painted clip does not fit into memory; choose a smaller size.");
    throw new ClipError("The clip could not be read to its end; it seems to be damaged.", { cause: error });
  } finally {
    await painter.settled();
    if (output.state !== "finalized") await output.cancel();
    opened?.input.dispose();
  }
}

/** The engine, and what it threw: that is told as it is. */
function createPainter(engine: Pick<ClipEngine, "paint">) {
  let painting: Promise<unknown> = Promise.resolve();
  let failure: unknown = null;
  return {
    paint(...question: Parameters<ClipEngine["paint"]>): Promise<VideoFrame> {
      const work = engine.paint(...question);
      const ended = work.catch((error: unknown) => {
        failure ??= error;
      });
      painting = Promise.all([painting, ended]);
      return work;
    },
    /** Until the frames in the painter, if any, are done. */
    settled: () => painting,
    /** What the engine threw, or null. */
    failure: () => failure,
  };
}

interface Clip {
  picture: Picture;
  look: Look;
  codec: VideoCodec;
  sounds: { track: InputTrack; sound: Sound }[];
  tags: MetadataTags;
}

/** What is to be done with every track. */
async function readClip(opened: Opened, engine: ClipEngine, { side, onNote }: ClipOptions): Promise<Clip> {
  const { input, picture, timing } = opened;
  const look = lookOf(opened, side, engine.model.rules);
  const codec = await getFirstEncodableVideoCodec(PICTURES, { ...look.size, quality: QUALITY });
  if (!codec)
    throw new ClipError(
      `This browser cannot write a video of ${look.size.width}×${look.size.height}; choose a smaller size.`,
    );
  const sounds: Clip["sounds"] = [];
  for (const each of await input.getAudioTracks()) {
    const edits = timing.edits.get(each.id);
    const sound = await readSound(each, timing.parts(each), edits !== undefined && cutsSound(edits));
    if (typeof sound === "string") onNote?.(sound);
    else sounds.push({ track: each, sound });
  }
  const { raw, ...tags } = await input.getMetadataTags();
  return { picture, look, codec, sounds, tags: (await input.getFormat()) === MP4 ? { ...tags, raw } : tags };
}

/** Runs all tracks side by side into the output. What one throws stops the others, and nothing runs on afterwards. */
async function writeClip(
  { picture, look, codec, sounds, tags }: Clip,
  output: Output,
  painter: ReturnType<typeof createPainter>,
  options: ClipOptions,
): Promise<void> {
  const stop = new AbortController();
  options.signal?.addEventListener("abort", () => stop.abort(options.signal?.reason)); // AbortSignal.any is too new for some
  const { signal } = stop;
  const source = new VideoSampleSource({ codec, quality: QUALITY, onEncoderConfig: withParametersInStream });
  output.setMetadataTags(tags);
  output.addVideoTrack(source, await descriptionOf(picture.track));
  for (const { track, sound } of sounds) output.addAudioTrack(sound.source, await descriptionOf(track));
  await output.start();
  const work = [
    paintPicture(picture, look, source, painter, signal, options),
    ...sounds.map(({ sound }) => sound.pump(signal)),
  ];
  for (const each of work) each.catch((error: unknown) => stop.abort(error));
  await Promise.allSettled(work);
  await Promise.all(work);
  signal.throwIfAborted();
  await output.finalize();
}

/** A frame that the painter has, and when it is shown. */
interface Begun {
  painting: Promise<VideoFrame>;
  timestamp: number;
  duration: number;
}

async function paintPicture(
  picture: Picture,
  look: Look,
  source: VideoSampleSource,
  painter: ReturnType<typeof createPainter>,
  signal: AbortSignal,
  { onProgress, onNote }: ClipOptions,
): Promise<void> {
  const [pace, toFrame] = [createPace(), createFramer(look)];
  const total = picture.frames.flat().length;
  let painted = 0;
  const write = async ({ painting, timestamp, duration }: Begun): Promise<void> => {
    const result = new VideoSample(await painting, { timestamp, duration });
    try {
      signal.throwIfAborted();
      await source.add(result);
    } finally {
      result.close();
    }
    painted += 1;
    onProgress?.(pace(painted / total, performance.now()));
  };
  const begun: Begun[] = [];
  try {
    for await (const { sample, shown } of decodedFrames(picture)) {
      const frame = await toFrame(sample).finally(() => sample.close());
      begun.push({ painting: painter.paint(frame, look.size), timestamp: shown.at, duration: shown.duration });
      if (begun.length > AHEAD) await write(begun.shift()!);
    }
    while (begun.length) await write(begun.shift()!);
  } finally {
    for (const { painting } of begun) painting.then((frame) => frame.close()).catch(() => {}); // nobody waits for it
  }
  source.close();
  if (painted < total) onNote?.(missing(total, painted));
}

/** Of `total` frames that the file holds, so many could be painted. Pure. */
const missing = (total: number, painted: number): string =>
  `Of ${total} frames in the file ${painted} could be decoded and are painted.`;

/** What of a track's description is kept. */
async function descriptionOf(track: InputTrack) {
  const language = await track.getLanguageCode();
  return {
    name: (await track.getName()) ?? undefined,
    languageCode: /^[a-z]{3}$/.test(language) ? language : undefined,
    disposition: await track.getDisposition(),
  };
}
