// What the parts of the page say to each other: the engine paints, the live loop feeds it, the interface shows it.
import type { Brush } from "./engine/model/graph-weights";

export type Backend = "webgpu" | "wasm" | "server";

export interface Size {
  width: number;
  height: number;
}

/** A crop of a picture, in its pixels. */
export interface Crop extends Size {
  left: number;
  top: number;
}

/** What of a picture is painted: all, only people, all but people, or both in styles of their own. */
export type Who = "all" | "person" | "background" | "each";

/** How the painted frame is shown; but for `mirror`, applied where the picture is put on the canvas. */
export interface View {
  /** 0 shows the camera's picture, 1 the painting. */
  strength: number;
  /** Keep the chroma of the camera's picture and paint only its luminance. */
  keepColors: boolean;
  /** Mirror left and right, as people expect of their own face: from the next frame on, the mirrored picture is painted. */
  mirror: boolean;
  /** Before/after divider: the share of the width, from the left, that stays unpainted; null for none. */
  split: number | null;
  /** From the next frame on, people are looked for where it is not "all". */
  who: Who;
}

/** A frame to paint. Whoever receives it closes it. */
export type Frame = VideoFrame | ImageBitmap;

export type EngineEvent =
  /** A painter is being opened; the one before goes on until it is there. Ended by "backend", or "trouble". */
  | { kind: "opening"; backend: Backend }
  /** Bytes of a download; total is 0 while unknown. */
  | { kind: "download"; file: string; loaded: number; total: number }
  /** A painter took over; `why` is one sentence when it was not asked for by hand. The canvas is a new element. */
  | { kind: "backend"; backend: Backend; detail: string; why: string | null; canvas: HTMLCanvasElement }
  /**
   * A frame is on the canvas. Milliseconds: what it took of the painter's time, which may be at several frames at once, and
   * from `capturedAt` to paint.
   */
  | { kind: "painted"; size: Size; paintMs: number; latencyMs: number }
  /** The painter takes another frame, though it is not done with the last one. */
  | { kind: "room" }
  /** What is on the canvas is out of date, even if the scene stands still: another style, or the other way round. */
  | { kind: "stale" }
  /** Whether the frames show anybody, where that makes a difference. */
  | { kind: "person"; found: boolean }
  /** The server is busy; place in line, counted from 1. */
  | { kind: "waiting"; place: number }
  /** One sentence in passing: something is a little less than it could be. */
  | { kind: "note"; sentence: string }
  /** The worker owes something and has said nothing for a minute; or, `over`, it has spoken again. */
  | { kind: "silence"; over: boolean }
  /** One sentence for the person; `fatal` when nothing is left to paint with, `passing` where the next painted frame ends it. */
  | { kind: "trouble"; sentence: string; fatal: boolean; passing: boolean };

/** Paints frames on a canvas of its own inside `host`. All heavy work is done in a worker. */
export interface Engine {
  readonly backend: Backend | null;
  readonly model: ModelDescription;
  readonly canvas: HTMLCanvasElement | null;
  /** Whether the painter would take a frame now. */
  readonly free: boolean;
  /** Loads the painter asked for, or the best there is; resolves with the one that works. */
  start(prefer: Backend | "auto"): Promise<Backend>;
  /** S of a picture, by P: float32 [D]. */
  encode(picture: ImageBitmap): Promise<Float32Array>;
  /** A `.style` file for this model, checked; `shown` is what it is called in sentences. Rejects with one. */
  readStyle(file: Blob, shown: string): Promise<StyleFile>;
  /** The same of a built-in style: the file, which its gallery names, is fetched once and kept by the browser. */
  readBuiltIn(file: ModelDescription["files"][string], shown: string): Promise<StyleFile>;
  /** With a brush T paints with other weights, see `.style` files. */
  setStyle(style: Float32Array, brush?: Brush): void;
  /** The style of all but people, where both are painted: see `View.who`. */
  setBehind(style: Float32Array, brush?: Brush): void;
  setView(view: Partial<View>): void;
  /** 0…1, at first 0: every frame is painted by itself. No effect for a model without a step graph (`model.state` is empty). */
  setStability(stability: number): void;
  /** Paints and shows a crop of a frame at a working size. False when the painter is busy: the frame is then dropped. */
  show(frame: Frame, size: Size, capturedAt: number, crop?: Crop): boolean;
  /** Shows the last frame again with the present view, without painting it again. */
  refresh(): void;
  /**
   * Paints one frame of a clip at a size with the present style, strength and colours, and brings it to another size with
   * the frame's own detail. Never drops.
   */
  paint(frame: Frame, size: Size, shown?: Size): Promise<VideoFrame>;
  /** What the canvas shows, as a PNG. */
  snapshot(): Promise<Blob>;
  /**
   * Hands on a copy of everything that is drawn on the canvas, with the time its frame was taken (as `performance.now()`),
   * until the function that comes back is called. The listener closes the frames.
   */
  capture(listener: (frame: VideoFrame, at: number) => void): () => void;
  /** A new clip begins: its first frame is painted by itself. Everything else that ends the past, painters see themselves. */
  reset(): void;
  on(listener: (event: EngineEvent) => void): () => void;
  /** Ends the worker, whatever it is at; questions that are open reject. `start` begins with a fresh one. */
  giveUp(): void;
}

/** The parts of `model.json` that the page reads, checked by `engine/model/description.ts`. */
export interface ModelDescription {
  format: number;
  name: string;
  /** Tells apart what was released under one name. */
  revision: string;
  /** D, the length of a style vector. */
  style_size: number;
  /** Side of the square that P looks at, pixels. */
  style_side: number;
  /** What the sides of a graph's frame are divisible by, pixels. */
  multiple: number;
  rules: Rules;
  /** What the step graph carries from frame to frame; empty without one. */
  state: StateTensor[];
  files: Record<string, { file: string; bytes: number; sha256: string }>;
  licence: string;
  /** The hash of T's weights, which `.style` files name; empty where the model was exported without it. */
  weights: string;
}

/** What Python and the page must agree on, written down once in `models/rules.py`. */
export interface Rules {
  /** Weights of R, G and B in the luminance. */
  luma: [number, number, number];
  /** R, G, B behind transparent pixels, 0…255. */
  background: [number, number, number];
  /** Styles that may be blended. */
  styles_at_once: number;
  /** The shortest side of a padded frame, pixels. */
  least_side: number;
  /** What the sides of a clip are divisible by, pixels. */
  clip_multiple: number;
  /** Of the frame's fine detail, so much is given to a painting that is shown larger than it was painted: 0…1. */
  detail: number;
  /** How a person is found, and paintings mixed by that: the formulas are in models/rules.py. */
  person: PersonRules;
}

export interface PersonRules {
  /** What the sides of the picture are divisible by, about how many pixels it has, and its sides' least and most. */
  multiple: number;
  pixels: number;
  sides: [number, number];
  /** Of the mask before, so much stays where little changes: 0…1. */
  hold: number;
  /** Where a mask begins and is full, 0…1. */
  curve: [number, number];
  /** Share of a picture from which on a person is found. */
  least: number;
}

/** An input of a step graph: zeros before the first frame, then the output `from` of the frame before. */
export interface StateTensor {
  name: string;
  from: string;
  channels: number;
  /** By what the frame's width and height are divided. */
  over: number;
}

/** An entry of `gallery.json`: a built-in style. */
export interface BuiltInStyle {
  title: string;
  artist: string;
  year: string;
  style: number[];
  /** File of the preview, relative to the model's folder. */
  preview?: string;
  /** File of the painting itself, small, relative to the model's folder. */
  painting?: string;
  /** The `.style` file of the style where it was studied, relative to the model's folder; fetched when it is painted. */
  studied?: ModelDescription["files"][string];
}

/** A studied style, as a `.style` file holds it: see `engine/model/style-file.ts`. */
export interface StyleFile {
  /** S. */
  style: Float32Array;
  brush: Brush;
  name: string;
  licence: string;
  source: string;
  /** A JPEG, or empty. */
  preview: Uint8Array<ArrayBuffer>;
}

/** `config.json` beside the page: what the place that serves it offers. */
export interface PageConfig {
  /** Names of the models under `models/`, the default first. */
  models: string[];
  /** Whether a server paints at `socket` (a WebSocket, relative to the page) and files at `studio` (a link), or not. */
  server: { socket: string; studio: string | null } | null;
  /** What pictures are studied with; null, or nothing, where it is lacking. */
  study?: StudyOffer | null;
}

export interface StudyOffer {
  /** The weights by which paintings are judged; `file` is relative to the page. */
  vgg: ModelDescription["files"][string];
  rules: StudyRules;
}

/** The numbers of studying, written down once for Python and the page: see `export/runtime/study_rules.py`. */
export interface StudyRules {
  /** Both are reached before a study ends by itself. */
  seconds: number;
  least_steps: number;
  /** Adam's rates for T's weights and for S. */
  weights_rate: number;
  style_rate: number;
  /** Steps until the whole rate is used. */
  warmup: number;
  /** Share of the time at the whole rate; then it falls to `least` of it. */
  level: number;
  least: number;
  /** How much of the mean loss is kept from step to step. */
  smooth: number;
  /** Steps without a better mean loss until it ends. */
  patience: number;
  /** After numbers that are not finite, each at half the rate. */
  restarts: number;
  /** A painting with fewer pixels a side, or whose deviations of L*a*b* are all smaller, shows nothing to study. */
  least_side: number;
  plain: number;
  /** How much of what T's weights learnt is in the brush. */
  brush_share: number;
  /** The short side at which a painting is looked at, pixels, and the most squares of it. */
  painting_side: number;
  /** Times the size of its Gram matrices is asked of the painted. */
  energy_asked: number;
  tiles: number;
  /** What each term of the loss weighs. */
  weights: Record<string, number>;
  /** The short side of frames before squares are cut from them, pixels. */
  side: number;
  /** Of a square's second frame: the most that it is moved, pixels; how many are not; noise; light. */
  shift: number;
  still: number;
  noise: number;
  light: number;
  /** Squares that are painted in turn. */
  pool: number;
  /** Frames that they are cut from. */
  frames: number;
}
