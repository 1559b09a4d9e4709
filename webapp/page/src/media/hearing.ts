// A microphone's sound in pieces, as it comes: by the track itself where the browser lets one read it (Chromium),
// elsewhere by an audio context.
import { AudioSample } from "mediabunny";
import type { Piece } from "./ear";
import ear from "./ear?worker&url";

export interface Hearing {
  /** The next piece; null at the end. Pieces say how far apart they are, but not when they were heard. */
  next(): Promise<AudioSample | null>;
  end(): Promise<void>;
}

/** An audio context runs at once, or never: without loudspeakers Firefox has none. Milliseconds. */
const PATIENCE = 2000;

/** Begins to listen. Null where the browser gives no sound. */
export const listenTo = (track: MediaStreamTrack): Promise<Hearing | null> =>
  "MediaStreamTrackProcessor" in globalThis ? readTrack(track) : readContext(track);

async function readTrack(track: MediaStreamTrack): Promise<Hearing> {
  const reader = new MediaStreamTrackProcessor({ track: track as MediaStreamAudioTrack }).readable.getReader();
  return {
    async next() {
      const { done, value } = await reader.read();
      return done ? null : new AudioSample(value);
    },
    end: () => reader.cancel().catch(() => {}),
  };
}

async function readContext(track: MediaStreamTrack): Promise<Hearing | null> {
  const context = new AudioContext();
  const runs = Promise.all([context.resume(), context.audioWorklet.addModule(ear)]).then(() => true);
  const late = new Promise<boolean>((resolve) => setTimeout(resolve, PATIENCE, false));
  if (!(await Promise.race([runs, late]).catch(() => false))) {
    void context.close();
    return null;
  }
  const { sampleRate } = context;
  const node = new AudioWorkletNode(context, "ear", { numberOfOutputs: 0 });
  context.createMediaStreamSource(new MediaStream([track])).connect(node);
  let close = (): void => {};
  const pieces = new ReadableStream<Piece>({
    start: (queue) => {
      node.port.onmessage = ({ data }) => queue.enqueue(data);
      close = () => queue.close();
    },
  }).getReader();
  return {
    async next() {
      const { done, value } = await pieces.read();
      if (done) return null;
      const { data, channels, at } = value;
      return new AudioSample({ data, format: "f32-planar", numberOfChannels: channels, sampleRate, timestamp: at });
    },
    async end() {
      node.port.onmessage = null;
      close(); // what has come is still read
      await context.close();
    },
  };
}
