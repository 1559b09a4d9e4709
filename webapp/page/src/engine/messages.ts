// What the page and the painting worker say to each other. Frames, canvases and arrays travel by transfer.

import type { Backend, Crop, EngineEvent, Frame, ModelDescription, PageConfig, Size, StyleFile, View } from "../types";
import type { Brush } from "./model/graph-weights";

/** Questions that are answered by one `Answer` with the same id. */
export type Question =
  | { kind: "start"; prefer: Backend | "auto" }
  | { kind: "encode"; picture: ImageBitmap }
  | { kind: "readStyle"; file: Blob; shown: string }
  | { kind: "readBuiltIn"; file: ModelDescription["files"][string]; shown: string }
  | { kind: "paint"; frame: Frame; size: Size; shown: Size }
  | { kind: "values"; frame: Frame; size: Size; crop?: Crop }
  | { kind: "snapshot" };

/** What each kind of question is answered with. */
export interface Answers {
  start: Backend;
  encode: Float32Array;
  readStyle: StyleFile;
  readBuiltIn: StyleFile;
  paint: VideoFrame;
  /** Painted values before rounding, RGB planes [3,H,W]. */
  values: Float32Array;
  snapshot: Blob;
}

export type ToWorker =
  /** The first message: the page's address, for everything relative, what its server offers, and the model. */
  | { kind: "init"; base: string; config: PageConfig; model: ModelDescription }
  | { kind: "ask"; id: number; question: Question }
  /** The answer to "canvas please". */
  | { kind: "canvas"; canvas: OffscreenCanvas }
  | { kind: "style"; style: Float32Array; brush: Brush }
  /** The style of what is behind people. */
  | { kind: "behind"; style: Float32Array; brush: Brush }
  | { kind: "stability"; stability: number }
  | { kind: "view"; view: View }
  /** A camera's frame, taken at a time (milliseconds); all of it is painted unless a crop is named. */
  | { kind: "show"; frame: Frame; size: Size; time: number; crop?: Crop }
  | { kind: "refresh" }
  /** Whether a copy of everything that is drawn is wanted. */
  | { kind: "capture"; on: boolean }
  | { kind: "reset" };

export type Answer = { id: number; value: Answers[keyof Answers] } | { id: number; sentence: string };

export type ToPage =
  | ({ kind: "answer" } & Answer)
  | { kind: "canvas please" }
  /** A painter took over, on the canvas sent last. */
  | { kind: "backend"; backend: Backend; detail: string; why: string | null }
  /** The frame taken at a time is on the canvas, or was given up (`size` is null); time null: all are. Milliseconds. */
  | { kind: "shown"; time: number | null; size: Size | null; paintMs: number }
  /** Another "show" may come, though the last one is not answered. */
  | { kind: "room" }
  /** A copy of the canvas; `time`: when its frame was taken, as `show` was told, or null where the last was drawn again. */
  | { kind: "drawn"; frame: VideoFrame; time: number | null }
  /** Events that the page passes on as they are. */
  | {
      kind: "event";
      event: Extract<EngineEvent, { kind: "opening" | "download" | "waiting" | "trouble" | "note" | "person" }>;
    };

/** The objects of a message that are handed over instead of copied. */
export function transfers(message: ToWorker | ToPage): Transferable[] {
  switch (message.kind) {
    case "show":
      return [message.frame];
    case "drawn":
      return [message.frame];
    case "canvas":
      return [message.canvas];
    case "ask":
      if (message.question.kind === "encode") return [message.question.picture];
      return "frame" in message.question ? [message.question.frame] : [];
    case "answer":
      if (!("value" in message)) return [];
      if (message.value instanceof Float32Array) return [message.value.buffer as ArrayBuffer];
      return typeof VideoFrame !== "undefined" && message.value instanceof VideoFrame ? [message.value] : [];
    default:
      return [];
  }
}
