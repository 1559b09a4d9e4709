// A clip taken apart, painted, and put together again, by mediabunny and WebCodecs.
import {
  BlobSource,
  BufferTarget,
  getFirstEncodableVideoCodec,
  Input,
  type InputTrack,
  type InputVideoTrack,
  MATROSKA,
  type MetadataTags,
  MP4,
  MPEG_TS,
  Mp4OutputFormat,
  Output,
  QTFF,
  Quality,
  type VideoCodec,
  VideoSample,
  VideoSampleSource,
  WEBM,
} from "mediabunny";

import { readDelays } from "./container/delays";
import { cutsSound, type EditList, readEdits } from "./container/edits";
import { codecName, containerName } from "./container/names";
import { type Part, partsOf, whole } from "./container/timeline";
import { type ClipEngine, ClipError, type ClipOptions } from "./options";
import { createPace } from "./pace";
import { createFramer, type Look } from "./picture/frames";
import { decodedFrames, firstSample, type Picture, readPicture } from "./picture/picture";
import { clipSize } from "./size";
import { readSound, type Sound } from "./sound";

/** What players know in an MP4, the most widely known first. */
const PICTURES: VideoCodec[] = ["avc", "vp9", "av1"];
/** Paintings are all fine detail: the codecs' usual choices smear it. */
const QUALITY = new Quality("very-high");
/** Bytes that tell what a file is. */
const HEAD = 64;

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
  const input = new Input({ source: new BlobSource(file), formats: [MP4, QTFF, MATROSKA, WEBM, MPEG_TS] });
  const output = new Output({ format: new Mp4OutputFormat({ fastStart: "in-memory" }), target: new BufferTarget() });
  const painter = createPainter(engine);
  engine.reset();
  try {
    const clip = await readClip(file, input, engine, options);
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
    input.dispose();
  }
}

/** The engine, and what it threw: that is told as it is. */
function createPainter(engine: Pick<ClipEngine, "paint">) {
  let painting: Promise<unknown> = Promise.resolve();
  let failure: unknown = null;
  return {
    paint(...question: Parameters<ClipEngine["paint"]>): Promise<VideoFrame> {
      const work = engine.paint(...question);
      painting = work.catch((error: unknown) => {
        failure = error;
      });
      return work;
    },
    /** Until the frame in the painter, if any, is done. */
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

/** What is to be done with every track. Throws ClipError where there is no picture that can be painted. */
async function readClip(file: Blob, input: Input, engine: ClipEngine, { side, onNote }: ClipOptions): Promise<Clip> {
  await refuseUnreadable(file, input);
  const track = await input.getPrimaryVideoTrack();
  if (!track) throw new ClipError("There is no picture in this file, only sound: choose a video.");
  const timing = await readTiming(file, input);
  const { picture, look } = await readLook(track, timing, side, engine);
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

async function refuseUnreadable(file: Blob, input: Input): Promise<void> {
  if (!(await input.canRead())) {
    const name = containerName(new Uint8Array(await file.slice(0, HEAD).arrayBuffer()));
    throw new ClipError(
      name
        ? `This is ${name}, no clip that the browser can read: choose an MP4, MOV, WebM or MKV.`
        : "This file is no clip that the browser can read: choose an MP4, MOV, WebM or MKV.",
    );
  }
  if ((await input.getTracks()).length === 0)
    throw new ClipError("This file holds nothing to play; it seems to be damaged.");
}

interface Timing {
  /** By the track's number. */
  edits: Map<number, EditList>;
  parts(track: InputTrack): Part[];
}

/** When the samples of each track are shown. */
async function readTiming(file: Blob, input: Input): Promise<Timing> {
  const format = await input.getFormat();
  const edits = format === MP4 || format === QTFF ? await readEdits(file) : new Map<number, EditList>();
  const delays = format === MATROSKA || format === WEBM ? await readDelays(file) : new Map<number, number>();
  // The clock of a broadcast starts anywhere.
  const origin = format === MPEG_TS ? await input.getFirstTimestamp() : 0;
  return {
    edits,
    parts({ id }) {
      const list = edits.get(id);
      return list ? partsOf(list) : whole(-origin - (delays.get(id) ?? 0));
    },
  };
}

/** The frames to paint, and how: as the first of them is, not as the header says. */
async function readLook(
  track: InputVideoTrack,
  timing: Timing,
  side: number,
  { model }: ClipEngine,
): Promise<{ picture: Picture; look: Look }> {
  if (!(await track.canDecode())) {
    const name = codecName(await track.getCodec(), await track.getInternalCodecId());
    throw new ClipError(`This browser cannot decode the clip's picture (${name}); try another browser.`);
  }
  const edits = timing.edits.get(track.id);
  const start = edits && !edits.fragmented ? edits.edits[0].at : null;
  const picture = await readPicture(track, timing.parts(track), start);
  const first = await firstSample(picture);
  if (!first) throw new ClipError("This clip shows no frame that can be decoded; it seems to be damaged.");
  const whole = { width: first.displayWidth, height: first.displayHeight };
  first.close();
  const size = clipSize(whole, side, model.rules.clip_multiple);
  const scaled = Math.min(whole.width, whole.height) > side;
  const background = (await track.canBeTransparent()) ? model.rules.background : null;
  return { picture, look: { size, scaled, hdr: picture.hdr, colours: picture.colours, background } };
}

/** Runs all tracks side by side into the output. What one throws stops the others, and nothing runs on afterwards. */
async function writeClip(
  { picture, look, codec, sounds, tags }: Clip,
  output: Output,
  painter: ReturnType<typeof createPainter>,
  options: ClipOptions,
): Promise<void> {
  const source = new VideoSampleSource({ codec, quality: QUALITY });
  output.setMetadataTags(tags);
  output.addVideoTrack(source, await descriptionOf(picture.track));
  for (const { track, sound } of sounds) output.addAudioTrack(sound.source, await descriptionOf(track));
  await output.start();
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, ...(options.signal ? [options.signal] : [])]);
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
  for await (const { sample, shown } of decodedFrames(picture)) {
    const frame = await toFrame(sample).finally(() => sample.close());
    const result = new VideoSample(await painter.paint(frame, look.size), {
      timestamp: shown.at,
      duration: shown.duration,
    });
    try {
      signal.throwIfAborted();
      await source.add(result);
    } finally {
      result.close();
    }
    painted += 1;
    onProgress?.(pace(painted / total, performance.now()));
  }
  source.close();
  if (painted < total) onNote?.(missing(total, painted));
}

/** Of `total` frames that the file holds, so many could be painted. Pure. */
export const missing = (total: number, painted: number): string =>
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
