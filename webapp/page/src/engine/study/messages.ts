// What the page and the studying worker say to each other. Pictures travel by transfer.
import type { ModelDescription, StudyOffer } from "../../types";
import type { Brush } from "../model/graph-weights";
import type { Batch } from "./contents";
import type { Targets } from "./sessions";

export type StudyPlace = "webgpu" | "wasm";

/** What is studied, and with what. */
export interface StudyWish {
  /** The page's address, and the model's folder, with "/" at its end. */
  base: string;
  folder: string;
  model: ModelDescription;
  offer: StudyOffer;
  /** Where to study: the first of these that works. */
  places: StudyPlace[];
  /** A graphics card made of software is good enough. */
  softwareToo: boolean;
  /** The painting, and its S. */
  picture: ImageBitmap;
  style: Float32Array;
  /** What the style will be called, and the name of the picture's file. */
  name: string;
  source: string;
}

export type ToStudy =
  /** The first message. */
  | { kind: "study"; wish: StudyWish }
  /** A frame to study on. */
  | { kind: "frame"; frame: ImageBitmap }
  /** End it and keep what was learnt. */
  | { kind: "enough" }
  /** For tests: these squares of the given painting, one step each, at these shares of the study. */
  | { kind: "steps"; wish: Omit<StudyWish, "picture">; targets: Targets; batches: Batch[]; shares: number[] };

/** After a step. */
export interface StudyProgress {
  place: StudyPlace;
  steps: number;
  /** 0…1. */
  share: number;
  secondsLeft: number;
  /** From the first step to the end, an estimate. */
  secondsInAll: number;
}

export interface StudyDone {
  steps: number;
  /** The bytes of the `.style` file. */
  file: Uint8Array<ArrayBuffer>;
}

export type FromStudy =
  | { kind: "download"; file: string; loaded: number; total: number }
  /** Everything is there and the first step is being prepared. */
  | { kind: "preparing"; place: StudyPlace }
  | { kind: "progress"; progress: StudyProgress }
  /** The best so far, every few seconds. */
  | { kind: "so far"; style: Float32Array; brush: Brush }
  | { kind: "done"; done: StudyDone }
  | { kind: "steps"; values: Float32Array; terms: Float32Array[] }
  /** It ended without anything learnt. */
  | { kind: "trouble"; sentence: string };
