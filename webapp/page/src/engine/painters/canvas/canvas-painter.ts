// A painter made of a network that paints pixels (here or on a server) and the compositor.
import type { Backend, Crop, Frame, Rules, Size, View } from "../../../types";
import type { Brush } from "../../model/graph-weights";
import { Trouble } from "../../trouble";
import { type Framing, wholeFrame } from "../framing";
import { FrameDropped, frameSize, type Painter, type PainterOptions, PLAIN_VIEW, toVideoFrame } from "../painter";
import type { Motion } from "../steady";
import type { Compositor } from "./compositor";
import { createCpuPerson } from "./cpu-person";
import { finished } from "./finished";
import { createGlCompositor } from "./gl-compositor";
import type { Values } from "./lanes/messages";
import { createPace } from "./lanes/pace";
import { createPlainCompositor } from "./plain-compositor";
import { createReader, type Reader } from "./reader";

/** Paints frames into memory. */
export interface PixelNetwork {
  backend: Backend;
  detail: string;
  /** Frames that it paints at once; their paintings come in their order. One, unless told. */
  atOnce?: number;
  setStyle(style: Float32Array, brush: Brush): void;
  setStability(stability: number): void;
  /**
   * Paints what the framing shows of a frame. `time`: see `Moment` in steady.ts. Does not close the frame. `motion`: how it
   * has moved, as far as the network tells; good until the next frame.
   */
  paint(
    frame: Frame,
    framing: Framing,
    size: Size,
    time: number | null,
    reader: Reader,
  ): Promise<{ picture: ImageData | ImageBitmap; motion?: Motion<Values> | null }>;
  /** For what is behind people: as `setStyle` and `paint`, in a past of its own; null without a style. A server has none. */
  setBehind?(style: Float32Array, brush: Brush): void;
  paintBehind?(...given: Parameters<PixelNetwork["paint"]>): Promise<ImageData | ImageBitmap | null>;
  values?(frame: Frame, framing: Framing, size: Size, reader: Reader): Promise<Float32Array>;
  encode?(picture: ImageBitmap): Promise<Float32Array>;
  reset(): void;
  close(): void;
}

/** Puts a network on a canvas of the page. */
export async function createCanvasPainter(network: PixelNetwork, options: PainterOptions): Promise<Painter> {
  const { rules } = options.model.description;
  const lost = () => options.failed(new Trouble("The browser took the canvas away"), true);
  let compositor: Compositor;
  let canvas: OffscreenCanvas;
  try {
    canvas = await options.canvas();
    compositor = createCompositor(canvas, rules, lost);
  } catch (error) {
    network.close();
    throw error;
  }
  const reader = createReader();
  const person = createCpuPerson(options);
  const { atOnce = 1 } = network;
  const pace = createPace(atOnce);
  let view: View = PLAIN_VIEW;
  let closed = false;
  /** The frame before, until it is done or failed. */
  let last: Promise<unknown> = Promise.resolve();
  const framed = (frame: Frame, mirror: boolean, crop: Crop = wholeFrame(frameSize(frame))): Framing => ({
    crop,
    mirror,
  });
  /** Works on a frame and closes it. `before`: the frame before is done; until then only the network works on this one. */
  const work = async <T>(frame: Frame, job: (before: Promise<unknown>) => Promise<T>): Promise<T> => {
    const done = pace.begin();
    const painted = job(last);
    last = painted.catch(() => {});
    try {
      const result = await painted;
      done(true);
      return result;
    } catch (error) {
      done(false);
      throw error;
    } finally {
      frame.close();
    }
  };
  return {
    backend: network.backend,
    detail: network.detail,
    setStyle: (style, brush) => network.setStyle(style, brush),
    setStability: (stability) => network.setStability(stability),
    setBehind: (style, brush) => network.setBehind?.(style, brush),
    setView(next) {
      view = next;
      if (next.who === "all") person.rest();
    },
    show: (frame, size, time, crop) =>
      work(frame, async (before) => {
        const start = performance.now();
        const framing = framed(frame, view.mirror, crop);
        const { who } = view;
        const { picture: painting, motion } = await network.paint(frame, framing, size, time, reader);
        const behind = who === "each" && (await network.paintBehind?.(frame, framing, size, time, reader));
        await before;
        const lines = who === "all" ? null : await person.look(frame, framing, time, reader, motion);
        if (closed) throw new FrameDropped();
        compositor.show(frame, framing, { painting, behind: behind || null, lines }, view);
        options.drawn(canvas, time);
        if ("close" in painting) painting.close();
        return (performance.now() - start) / atOnce;
      }),
    refresh() {
      if (compositor.refresh(view)) options.drawn(canvas, null);
    },
    paint: (frame, size, shown) =>
      work(frame, async (before) => {
        const framing = framed(frame, false);
        const bytes = (painting: ImageData | ImageBitmap) =>
          "data" in painting ? (painting.data as Uint8ClampedArray<ArrayBuffer>) : reader.pixels(painting, size);
        const now = view;
        const { who, strength, keepColors } = now;
        const { picture, motion } = await network.paint(frame, framing, size, null, reader);
        const painted = bytes(picture);
        await before;
        const asItIs = size.width === shown.width && size.height === shown.height;
        if (asItIs && strength === 1 && !keepColors && who === "all") return toVideoFrame(painted, shown, frame);
        const plain = reader.pixels(frame, shown);
        const lines = who === "all" ? null : await person.look(frame, framing, null, reader, motion);
        const other = lines && who === "each" && (await network.paintBehind?.(frame, framing, size, null, reader));
        const behind = other ? bytes(other) : null;
        return toVideoFrame(
          finished({ painting: painted, behind, lines }, size, plain, shown, now, rules),
          shown,
          frame,
        );
      }),
    values: (frame, size, crop) =>
      work(frame, async () => {
        if (!network.values) throw new Trouble("A server sends pictures, not values.");
        return network.values(frame, framed(frame, view.mirror, crop), size, reader);
      }),
    room: atOnce > 1 ? pace.room : undefined,
    snapshot: () => compositor.snapshot(view),
    encode: network.encode && ((picture) => network.encode!(picture)),
    reset: () => network.reset(),
    close() {
      closed = true;
      compositor.close();
      person.release();
      network.close();
    },
  };
}

/**
 * Takes over a canvas, for a model's rules; without WebGL2 the processor does its work. `lost` is called when the graphics
 * driver takes it away. Throws `Trouble` where nothing can be drawn.
 */
function createCompositor(canvas: OffscreenCanvas, rules: Rules, lost: () => void): Compositor {
  const gl = canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false });
  return gl ? createGlCompositor(canvas, gl, rules, lost) : createPlainCompositor(canvas, rules);
}
