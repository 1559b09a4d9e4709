// Whole clips painted in the browser and given back as MP4; nothing leaves the machine. The work is loaded when wanted.
import { type ClipEngine, ClipError, type ClipOptions } from "./options";

/** Null where this browser can paint clips, or else a sentence that says why not. */
export function clipsSupported(): string | null {
  if (!globalThis.isSecureContext) return "Clips can be painted here only at a secure address: https://, or localhost.";
  // Sound that needs no decoding is kept in Safari before 26, too, which has no AudioDecoder.
  const missing = ["VideoDecoder", "VideoEncoder", "VideoFrame"].some((name) => !(name in globalThis));
  return missing
    ? "This browser cannot take clips apart (it lacks WebCodecs): try a recent Chrome, Edge, Firefox or Safari."
    : null;
}

/**
 * Paints a clip with the engine's present style: an MP4 with every frame at its own time, upright, with its sound.
 * Throws ClipError, the reason of the signal, or what the engine throws; nothing runs on after that.
 */
export async function paintClip(file: Blob, engine: ClipEngine, options: ClipOptions): Promise<Blob> {
  const refusal = clipsSupported();
  if (refusal) throw new ClipError(refusal);
  const { convert } = await import("./convert");
  return convert(file, engine, options);
}
