// What every painter can do, and what it is given to start with. Runs in the worker.
import type { Backend, Crop, Frame, PageConfig, Size, View, Who } from "../../types";
import type { Brush } from "../model/graph-weights";
import type { Model } from "../model/model";
import type { Downloads } from "../model/runtime";
import type { PersonGraph } from "./person";

export interface Painter {
  readonly backend: Backend;
  /** What it runs on, in a few words. */
  readonly detail: string;
  setStyle(style: Float32Array, brush: Brush): void;
  /** 0…1; 0 paints every frame by itself. */
  setStability(stability: number): void;
  /** The style of what is behind people; a painter that has only one style at a time leaves that unpainted. */
  setBehind(style: Float32Array, brush: Brush): void;
  setView(view: View): void;
  /**
   * Paints a frame of a camera, or a crop of it, closes it and shows it. `time`: when it was taken, milliseconds. Resolves
   * with the milliseconds of the painter's time that it took. Throws `FrameDropped` when nobody could paint it.
   */
  show(frame: Frame, size: Size, time: number, crop?: Crop): Promise<number>;
  /**
   * Resolves when another frame may begin, though those before it are not done; for painters that paint several at once.
   * What is set in between is for the frames that begin after it.
   */
  room?(): Promise<void>;
  /** Shows the last frame again with the present view, but the way round that it was painted. */
  refresh(): void;
  /**
   * Paints a frame of a clip at a size, brings it to the size it is `shown` at, and closes the frame: strength and colours
   * applied, mirror and divider not.
   */
  paint(frame: Frame, size: Size, shown: Size): Promise<VideoFrame>;
  /** Painted values of a frame, or a crop of it, before rounding: [3,H,W]; mirrored as `show` would. */
  values(frame: Frame, size: Size, crop?: Crop): Promise<Float32Array>;
  snapshot(): Promise<Blob>;
  /** S of a picture where the painter's own place has to do it. */
  encode?(picture: ImageBitmap): Promise<Float32Array>;
  /** A new clip begins. Whatever else ends the past, the painter sees itself. */
  reset(): void;
  close(): void;
}

/** What a painter is opened with. */
export interface PainterOptions {
  downloads: Downloads;
  model: Model;
  config: PageConfig;
  /** A graph of models/person, fetched when it is first asked for. Throws `Trouble`. */
  person(graph: PersonGraph): Promise<Uint8Array>;
  /** Whether the frames show anybody, when that has changed. */
  personFound(found: boolean): void;
  /** As it will be set at first: what is not needed for it is not fetched before it is wanted. */
  stability: number;
  /** Asked for by hand: then a software GPU is good enough. */
  forced: boolean;
  /** A fresh canvas from the page. */
  canvas(): Promise<OffscreenCanvas>;
  /** Something was drawn on it: a frame taken at a time (milliseconds), or null for the last frame again. */
  drawn(canvas: OffscreenCanvas, time: number | null): void;
  /** The painter cannot go on; `again`: a fresh one of its kind could. */
  failed(error: unknown, again?: boolean): void;
  waiting(place: number): void;
  /** `passing`: it is over when the next frame is painted. */
  trouble(sentence: string, passing?: boolean): void;
  /** The painter goes on, but cannot hold the painting steady. */
  unsteady(): void;
}

/** A frame that was not painted, for a reason that passes: nothing to tell, nothing to fall back from. */
export class FrameDropped extends Error {}

/** What is shown before anybody wished for something else. */
export const PLAIN_VIEW: View = { strength: 1, keepColors: false, mirror: false, split: null, who: "all" };

/** As shaders are told it. */
const WHO: readonly Who[] = ["all", "person", "background", "each"];

/** What of a frame can be shown painted, as shaders are told it: without lines of a mask all, without a second painting people. */
export function shownWho(who: Who, lines: boolean, behind: boolean): number {
  return lines ? WHO.indexOf(who === "each" && !behind ? "person" : who) : 0;
}

/** Longest side of the canvas, in pixels: full HD. */
const LONGEST = 1920;

/** The size that a picture, a frame or a crop of it, is shown at; where it is scaled down, even, as video encoders want. */
export function shownSize({ width, height }: Size, longest = LONGEST): Size {
  const scale = longest / Math.max(width, height);
  if (scale >= 1) return { width, height };
  const scaled = (length: number) => 2 * Math.max(1, Math.round((length * scale) / 2));
  return { width: scaled(width), height: scaled(height) };
}

export function frameSize(frame: Frame | OffscreenCanvas): Size {
  return "displayWidth" in frame
    ? { width: frame.displayWidth, height: frame.displayHeight }
    : { width: frame.width, height: frame.height };
}

/** RGBA bytes as a video frame, at the moment of the frame it was painted from. */
export function toVideoFrame(pixels: Uint8ClampedArray<ArrayBuffer>, size: Size, from: Frame): VideoFrame {
  const isVideo = "timestamp" in from;
  return new VideoFrame(pixels, {
    format: "RGBX",
    codedWidth: size.width,
    codedHeight: size.height,
    timestamp: isVideo ? from.timestamp : 0,
    ...(isVideo && from.duration ? { duration: from.duration } : {}),
  });
}
