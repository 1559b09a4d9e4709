// The networks of a painter: frame by frame, or steadily by the step graph, which carries along what it painted before.
// The Python runtime does the same in export/steady.py.
import type { Tensor } from "onnxruntime-web";

import type { ModelDescription, Size } from "../types";
import type { Runtime, Session } from "./runtime";

export interface Networks {
  setStyle(style: Float32Array): void;
  /** 0…1; 0 paints every frame by itself. */
  setStability(stability: number): void;
  /** Planes [1,3,H',W'] of a frame of `size` → its painting, the same shape; good until the next frame, as the planes must be. */
  paint(frame: Tensor, size: Size): Promise<Tensor>;
  /** The next frame is painted by itself. */
  reset(): void;
  release(): Promise<void>;
}

export interface Means {
  ort: Runtime;
  frame: Session;
  /** Opens the step graph; called when it is first wanted, if the model has one. */
  openStep(): Promise<Session>;
  state: ModelDescription["state"];
  /** Puts values where the networks run. */
  place(values: Float32Array, dims: number[]): Tensor;
  /** The step graph does not work here. */
  unsteady(): void;
}

/** What is carried from one frame to the next. */
interface Past {
  size: Size;
  frame: Tensor;
  painted: Tensor;
}

export function createNetworks({ ort, frame: plain, openStep, state, place, unsteady }: Means): Networks {
  let style = new ort.Tensor("float32", new Float32Array(), [0]);
  let stability = 0;
  let opening: Promise<Session | null> | null = null;
  let past: Past | null = null;
  let last: Tensor | null = null;
  let grid: Tensor | null = null;
  /** Why the step graph does not work, until that is told: not before a frame was painted without it. */
  let untold: unknown = null;

  const gridFor = (dims: readonly number[]): Tensor => {
    const [height, width] = dims.slice(-2) as [number, number];
    if (grid?.dims[2] !== height || grid.dims[3] !== width) {
      grid?.dispose();
      grid = place(pixelGrid({ width, height }), [1, 2, height, width]);
    }
    return grid;
  };
  /** What the step graph is fed with; a frame that has no past is its own, and not mixed with it. */
  const feeds = (frame: Tensor, size: Size): Record<string, Tensor> => {
    const known = past?.size.width === size.width && past.size.height === size.height ? past : null;
    const from = { frame: known?.frame ?? frame, painted: known?.painted ?? frame, size: gridFor(frame.dims) };
    const dial = new ort.Tensor("float32", Float32Array.of(known ? stability : 0), [1]);
    return { frame, style, stability: dial, ...Object.fromEntries(state.map((each) => [each.name, from[each.from]])) };
  };

  /** Null where the step graph cannot be opened, or turns out not to run: it is then not tried again. */
  const paintSteadily = async (frame: Tensor, size: Size): Promise<Tensor | null> => {
    opening ??= openStep().catch((error: unknown) => ((untold = error), null));
    const session = await opening;
    if (!session) return null;
    try {
      return (await session.run(feeds(frame, size))).painted!;
    } catch (error) {
      untold = error;
      opening = Promise.resolve(null);
      session.release().catch(() => {});
      return null;
    }
  };
  const paintAlone = async (frame: Tensor): Promise<Tensor> => {
    const { painted } = await plain.run({ frame, style });
    if (untold) {
      console.warn("step graph:", untold);
      untold = null;
      unsteady();
    }
    return painted!;
  };

  return {
    setStyle(values) {
      style = new ort.Tensor("float32", values, [1, values.length]);
      past = null; // the old style would be carried into the new one
    },
    setStability: (next) => void (stability = next),
    async paint(frame, size) {
      const steady = stability > 0 && state.length ? await paintSteadily(frame, size) : null;
      const painted = steady ?? (await paintAlone(frame));
      last?.dispose();
      last = painted;
      past = steady && { size, frame, painted };
      return painted;
    },
    reset: () => void (past = null),
    async release() {
      for (const tensor of [last, grid]) tensor?.dispose(); // while the sessions they belong to are there
      await Promise.allSettled([plain.release(), opening?.then((session) => session?.release())]);
    },
  };
}

/** The centres of the pixels, [2,H,W]: x then y, −1…1 from edge to edge. */
export function pixelGrid({ width, height }: Size): Float32Array {
  const grid = new Float32Array(2 * width * height);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      grid[at] = (2 * x + 1) / width - 1;
      grid[at + width * height] = (2 * y + 1) / height - 1;
    }
  }
  return grid;
}
