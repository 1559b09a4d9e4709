// VP8 with frames that only serve others and are never shown, as its encoders make in two passes. mediabunny gives decoded
// frames the packets' times in turn, so that each such frame would put all after it in the wrong place.
import { CustomVideoDecoder, type EncodedPacket, registerDecoder, VideoSample } from "mediabunny";

/** Whether a VP8 frame is never shown (RFC 6386, 9.1: show_frame). */
export const isInvisible = (data: Uint8Array): boolean => data.length > 0 && !(data[0] & 0x10);

/** Chunks that may wait inside a browser's decoder. */
const WAITING = 16;

/** The tracks to be decoded here, known by the colour space in their configuration, the one part that is passed on as it is. */
const here = new WeakSet<object>();

/** Decodes with the browser's decoder and leaves its frames their own times. */
class OwnTimesDecoder extends CustomVideoDecoder {
  private decoder!: VideoDecoder;

  static override supports(codec: string, { colorSpace }: VideoDecoderConfig): boolean {
    return codec === "vp8" && colorSpace !== undefined && here.has(colorSpace);
  }

  init(): void {
    this.decoder = new VideoDecoder({
      output: (frame) => this.onSample(new VideoSample(frame)),
      error: (error) => this.onError(error),
    });
    this.decoder.configure(this.config);
  }

  async decode(packet: EncodedPacket): Promise<void> {
    this.decoder.decode(packet.toEncodedVideoChunk());
    while (this.decoder.decodeQueueSize > WAITING && this.decoder.state === "configured")
      await new Promise((resolve) => this.decoder.addEventListener("dequeue", resolve, { once: true }));
  }

  flush(): Promise<void> {
    return this.decoder.flush();
  }

  close(): void {
    if (this.decoder.state !== "closed") this.decoder.close();
  }
}

let registered = false;

/** Tracks with this colour space in their decoder's configuration are decoded here from now on. */
export function decodeHere(colours: VideoColorSpaceInit): void {
  if (!registered) registerDecoder(OwnTimesDecoder);
  registered = true;
  here.add(colours);
}
