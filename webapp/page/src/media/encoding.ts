// How pictures are encoded into an MP4: recordings and clips alike.
import { Quality, type VideoCodec } from "mediabunny";

/** What players know in an MP4, the most widely known first. */
export const PICTURES: VideoCodec[] = ["avc", "vp9", "av1"];
/** Paintings are all fine detail: the codecs' usual choices smear it. */
export const QUALITY = new Quality("very-high");

/**
 * For mediabunny's `onEncoderConfig`: H.264 with its parameters in the stream (Annex B), from which mediabunny writes the
 * file's description of it. Firefox's own is damaged: who goes by it decodes nothing
 * (findings/firefox-avc-description-repeats-a-byte.sh).
 */
export function withParametersInStream(config: VideoEncoderConfig): void {
  if (/^avc[13]/.test(config.codec)) config.avc = { format: "annexb" };
}

/**
 * The same for frames that come live: H.264's Baseline profile, in which no frame waits for a later one. Firefox holds
 * some back in the others, `realtime` or not; of a fragmented MP4 FFmpeg then gives the picture later than the sound.
 */
export function inOrder(config: VideoEncoderConfig): void {
  config.codec = config.codec.replace(/^(avc[13])\.64/, "$1.42");
  withParametersInStream(config);
}
