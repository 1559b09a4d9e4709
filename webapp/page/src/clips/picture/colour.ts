// What a decoder is told about a clip's colours. Pure.

/** Lines from which on a clip that says nothing is taken for BT.709, below for BT.601, as players and FFmpeg take it. */
const HD_LINES = 720;

/**
 * The colour space to state in a decoder's configuration: the file's own matrix and range, and for those it does not name
 * what is usual; VP8 knows nothing but BT.601 (RFC 6386, 9.2). Without it, browsers take all that is untagged for BT.709.
 * Primaries and transfer curve are BT.709's
 * whatever the file says, so that nothing is converted on the way to the canvas, as Python converts nothing.
 */
export function colourSpaceOf(
  tagged: Partial<VideoColorSpaceInit>,
  { width, height }: { width: number; height: number },
  codec: string | null,
): VideoColorSpaceInit {
  const hd = codec !== "vp8" && Math.min(width, height) >= HD_LINES;
  return {
    matrix: tagged.matrix ?? (hd ? "bt709" : "smpte170m"),
    fullRange: tagged.fullRange ?? false,
    primaries: "bt709",
    transfer: "bt709",
  };
}
