// What a decoder is told about a clip's colours. Pure.

/** Lines from which on a clip of limited range that names no matrix is taken for BT.709. */
const HD_LINES = 720;

/**
 * The colour space to state in a decoder's configuration: the file's own matrix and range. Where it names no matrix,
 * BT.601 below 720 lines and in full range, as JPEG has it, and BT.709 from there on: what Chromium's player makes of
 * H.264. VP8 knows nothing but BT.601 (RFC 6386, 9.2). Without it, browsers' decoders take all that is untagged for BT.709.
 * Primaries and transfer curve are BT.709's whatever the file says, so that nothing is converted on the way to the canvas,
 * as Python converts nothing.
 */
export function colourSpaceOf(
  tagged: Partial<VideoColorSpaceInit>,
  { height }: { height: number },
  codec: string | null,
): VideoColorSpaceInit {
  const hd = codec !== "vp8" && !tagged.fullRange && height >= HD_LINES;
  return {
    matrix: tagged.matrix ?? (hd ? "bt709" : "smpte170m"),
    fullRange: tagged.fullRange ?? false,
    primaries: "bt709",
    transfer: "bt709",
  };
}
