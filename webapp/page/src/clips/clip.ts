// Whole clips painted in the browser and given back as MP4; nothing leaves the machine. The work is loaded when wanted.
import type { Engine } from "../types";
import type { ClipProgress } from "./pace";

export interface ClipOptions {
  /** Short side of the painted clip at most, in pixels; a smaller clip keeps its size. */
  side: number;
  /** Stops the work; `paintClip` then rejects with the signal's reason, an AbortError. */
  signal?: AbortSignal;
  /** Called after each painted frame. */
  onProgress?: (progress: ClipProgress) => void;
  /** One sentence about something that could not be kept, as a sound track in a format unknown to the browser. */
  onNote?: (sentence: string) => void;
}

/** What a clip cannot be painted for: its message is one sentence for the person. */
export class ClipError extends Error {}

/** Null where this browser can paint clips, or else a sentence that says why not. */
export function clipsSupported(): string | null {
  if (!globalThis.isSecureContext) return "Clips can be painted here only at a secure address: https://, or localhost.";
  const missing = ["VideoDecoder", "VideoEncoder", "VideoFrame", "AudioDecoder"].some((name) => !(name in globalThis));
  return missing
    ? "This browser cannot take clips apart (it lacks WebCodecs): try a recent Chrome, Edge, Firefox or Safari."
    : null;
}

/**
 * Paints a clip with the engine's present style: an MP4 with every frame at its own time, upright, with its sound.
 * Throws ClipError, the reason of the signal, or what the engine throws; nothing runs on after that.
 */
export async function paintClip(
  file: Blob,
  engine: Pick<Engine, "paint" | "reset">,
  options: ClipOptions,
): Promise<Blob> {
  const refusal = clipsSupported();
  if (refusal) throw new ClipError(refusal);
  const { convert } = await import("./convert");
  return convert(file, engine, options);
}
