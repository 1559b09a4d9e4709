// The file of a recording, written by mediabunny: frames and sound, each at its own time.
import {
  AppendOnlyStreamTarget,
  type AudioSample,
  AudioSampleSource,
  getFirstEncodableAudioCodec,
  getFirstEncodableVideoCodec,
  Mp4OutputFormat,
  Output,
  VideoSample,
  VideoSampleSource,
} from "mediabunny";

import type { Engine } from "../types";
import { inOrder, PICTURES, QUALITY } from "./encoding";
import { type Hearing, listenTo } from "./hearing";

export interface Recording {
  /** Ends the recording; the same promise as `done`. */
  stop(): Promise<Blob>;
  /** The file, once the recording ended for whatever reason. Rejects when the browser gave up on it. */
  done: Promise<Blob>;
  /** Whether it has the sound that was wanted. */
  readonly sound: boolean;
}

/** Frames that may wait for the encoder; more are left out, as a slow machine has to choose. */
const WAITING = 4;
/** The last frame comes at once, or never: milliseconds. */
const PATIENCE = 1000;

/** A time of `performance.now()` as seconds of the recording, later than the one before; null where it is not. */
export function createTimeline(begin: number): (at: number) => number | null {
  let last = -1;
  return (at) => {
    const seconds = last < 0 ? 0 : (at - begin) / 1000; // the first frame stands from the very beginning
    if (seconds <= last) return null;
    last = seconds;
    return seconds;
  };
}

/** Begins a file. Throws where the browser can encode no picture of this size. */
export async function startWriting(
  engine: Pick<Engine, "canvas" | "capture" | "refresh">,
  sound: MediaStreamTrack | null,
): Promise<Recording> {
  const { width, height } = engine.canvas!;
  const codec = await getFirstEncodableVideoCodec(PICTURES, { width, height, quality: QUALITY });
  if (!codec) throw new Error(`This browser cannot write a video of ${width}×${height}.`);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const target = new AppendOnlyStreamTarget(
    new WritableStream({ write: (bytes) => void parts.push(bytes.slice() as Uint8Array<ArrayBuffer>) }),
  );
  const output = new Output({ format: new Mp4OutputFormat({ fastStart: "fragmented" }), target });
  // Whatever size frames come to have, a turned phone's or another camera's, they are fitted into the first one's.
  const picture = new VideoSampleSource({
    codec,
    quality: QUALITY,
    sizeChangeBehavior: "contain",
    latencyMode: "realtime",
    onEncoderConfig: inOrder,
  });
  output.addVideoTrack(picture);
  const hearing = sound && (await addSound(sound, output));
  await output.start();
  const begin = performance.now();
  const timeline = createTimeline(begin);

  let failure: unknown = null;
  let waiting = 0;
  let frames = 0;
  const write = async (frame: VideoFrame, at: number): Promise<void> => {
    const timestamp = waiting < WAITING ? timeline(at) : null;
    const sample = timestamp === null ? null : new VideoSample(frame, { timestamp, duration: 1 / 30 });
    if (!sample) return frame.close();
    waiting++;
    frames++;
    try {
      await picture.add(sample);
    } catch (error) {
      failure ??= error;
      void stop();
    } finally {
      sample.close();
      waiting--;
    }
  };
  let resolve: (file: Blob) => void;
  let reject: (error: Error) => void;
  const done = new Promise<Blob>((...both) => ([resolve, reject] = both));
  let stopping = false;
  /** Another frame than any so far: what is on the canvas now. */
  const lastFrame = (): Promise<void> =>
    new Promise((there) => {
      const before = frames;
      const end = performance.now() + PATIENCE;
      const look = () => (frames > before || failure || performance.now() > end ? there() : void setTimeout(look, 10));
      engine.refresh();
      look();
    });
  const stop = (): Promise<Blob> => {
    if (!stopping) {
      stopping = true;
      lastFrame()
        .then(async () => {
          leave();
          await hearing?.end();
          sound?.stop();
          if (failure) throw failure;
          await output.finalize();
          resolve(new Blob(parts, { type: "video/mp4" }));
        })
        .catch(() => {
          leave();
          sound?.stop();
          reject(new Error("The browser could not go on recording."));
        });
    }
    return done;
  };
  const leave = engine.capture((frame, at) => void write(frame, at));
  engine.refresh(); // a still canvas gives no frame by itself
  hearing?.begin(begin);
  return { stop, done, sound: hearing !== null };
}

/** Adds a track for the sound, which is written from `begin` on; null where the browser gives or encodes none. */
async function addSound(track: MediaStreamTrack, output: Output) {
  const codec = await getFirstEncodableAudioCodec(["aac", "opus"]);
  const hearing = codec && (await listenTo(track));
  if (!hearing) return null;
  const source = new AudioSampleSource({ codec, quality: QUALITY });
  output.addAudioTrack(source);
  let writing: Promise<void> = Promise.resolve();
  return {
    /** `zero`: when the recording began, as `performance.now()`. */
    begin(zero: number) {
      writing = write(hearing, source, zero).catch(() => {}); // the picture goes on
    },
    async end() {
      await hearing.end();
      await writing;
    },
  };
}

/** Pieces of sound that are looked at before any is written: a fifth of a second. */
const LOOKED_AT = 20;

/**
 * Writes sound as it comes. When it was heard is told by the piece of the first that was handed over with the least delay.
 */
async function write(hearing: Hearing, source: AudioSampleSource, zero: number): Promise<void> {
  let offset = Number.POSITIVE_INFINITY;
  const held: AudioSample[] = [];
  const writeHeld = async () => {
    for (const sample of held.splice(0)) {
      const timestamp = sample.timestamp + offset;
      if (timestamp >= 0) {
        sample.setTimestamp(timestamp);
        await source.add(sample);
      }
      sample.close();
    }
  };
  let pieces = 0;
  for (let sample = await hearing.next(); sample; sample = await hearing.next()) {
    held.push(sample);
    const heard = (performance.now() - zero) / 1000 - sample.duration;
    if (++pieces <= LOOKED_AT) offset = Math.min(offset, heard - sample.timestamp);
    if (pieces >= LOOKED_AT) await writeHeld();
  }
  await writeHeld();
}
