// What is asked of the painting of a clip, and how it fails.
import type { Engine } from "../types";
import type { ClipProgress } from "./pace";

/** What painting a clip needs of the engine. */
export type ClipEngine = Pick<Engine, "model" | "paint" | "reset">;

export interface ClipOptions {
  /** Short side of the painted clip at most, in pixels; a smaller clip keeps its size. */
  side: number;
  /** Stops the work; `paintClip` then rejects with the signal's reason, an AbortError. */
  signal?: AbortSignal;
  /** Called after each painted frame. */
  onProgress?: (progress: ClipProgress) => void;
  /** All that could not be kept so far, as a sound track in a format unknown to the browser, a sentence each. */
  onNote?: (sentence: string) => void;
}

/** What a clip cannot be painted for: its message is one sentence for the person. */
export class ClipError extends Error {}

/** There is no clip in the file: no other browser and no server could paint it either. */
export class NoClipError extends ClipError {}
