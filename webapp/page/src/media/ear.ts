// In an audio context's own thread: hands on what is heard, in pieces that begin at a time of the context's clock.

/** Planes of the channels, one after the other, and when the first sample was heard, in seconds. */
export interface Piece {
  data: Float32Array<ArrayBuffer>;
  channels: number;
  at: number;
}

/** What TypeScript's library does not know of that thread. */
declare const sampleRate: number;
declare const currentFrame: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

/** Samples of a piece: about 10 ms. They come 128 at a time. */
const LENGTH = 512;

registerProcessor(
  "ear",
  class extends AudioWorkletProcessor {
    piece: Piece | null = null;
    length = 0;

    process([input]: Float32Array[][]): boolean {
      const channels = input.length;
      if (!channels) return true; // nothing is connected yet
      if (this.piece?.channels !== channels) {
        this.piece = { data: new Float32Array(channels * LENGTH), channels, at: currentFrame / sampleRate };
        this.length = 0;
      }
      for (const [i, plane] of input.entries()) this.piece.data.set(plane, i * LENGTH + this.length);
      this.length += input[0].length;
      if (this.length === LENGTH) {
        this.port.postMessage(this.piece, [this.piece.data.buffer]);
        this.piece = null;
      }
      return true;
    }
  },
);
