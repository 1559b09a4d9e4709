// The networks of a painter: frame by frame, or steadily by the step graph, which carries along what it painted before.
// The Python runtime does the same in export/runtime/steady.py.
import type { Tensor } from "onnxruntime-web";

import type { Size, StateTensor } from "../../types";
import type { Runtime, Session } from "../model/runtime";

export interface Networks {
  setStyle(style: Float32Array): void;
  /** 0…1; 0 paints every frame by itself. */
  setStability(stability: number): void;
  /** Planes [1,3,H',W'] of a frame of `size` → its painting, the same shape; good until the next frame. */
  paint(frame: Tensor, size: Size): Promise<Tensor>;
  /** The next frame is painted by itself. */
  reset(): void;
  release(): Promise<void>;
}

export interface NetworksOptions {
  ort: Runtime;
  frame: Session;
  /** Opens the step graph; called when it is first wanted, if the model has one. */
  openStep(): Promise<Session>;
  state: StateTensor[];
  /** Puts values where the networks run. */
  place(values: Float32Array, dims: number[]): Tensor;
  /** The step graph does not work here. */
  unsteady(): void;
}

type Tensors = Record<string, Tensor>;

/** What is carried from one frame to the next. */
interface Past {
  size: Size;
  frames: number;
  values: Tensors;
}

export function createNetworks({ ort, frame: plain, openStep, state, place, unsteady }: NetworksOptions): Networks {
  let style = new ort.Tensor("float32", new Float32Array(), [0]);
  let stability = 0;
  let options: Promise<Session | null> | null = null;
  let past: Past | null = null;
  /** What the networks gave last. */
  let last: Tensor | null = null;
  /** The past of a first frame, which is the same for all of its (padded) dimensions. */
  let start: { dims: string; values: Tensors } | null = null;
  /** Tensors made for the step graph or by the networks, until nothing needs them. */
  const held = new Set<Tensor>();
  /** Why the step graph does not work, until that is told: not before a frame was painted without it. */
  let untold: unknown = null;

  const startFor = (dims: readonly number[]): Tensors => {
    if (start?.dims === String(dims)) return start.values;
    const value = ({ from, channels, over }: StateTensor): Tensor => {
      const [height, width] = dims.slice(-2).map((side) => side / over) as [number, number];
      const values = from === "size" ? pixelGrid({ width, height }) : new Float32Array(channels * width * height);
      return place(values, [1, channels, height, width]);
    };
    start = { dims: String(dims), values: Object.fromEntries(state.map((each) => [each.name, value(each)])) };
    for (const tensor of Object.values(start.values)) held.add(tensor);
    return start.values;
  };
  /** The past of the next frame, made of this one's and what the step graph gave. */
  const after = ({ size, frames, values }: Past, found: Tensors): Past => {
    const value = ({ name, from, every = 1, anew }: StateTensor): Tensor => {
      if (anew && frames % anew === 0) return start!.values[name];
      return found[from] && frames % every === 0 ? found[from] : values[name];
    };
    return { size, frames: frames + 1, values: Object.fromEntries(state.map((each) => [each.name, value(each)])) };
  };
  const letGo = (): void => {
    const needed = new Set([last, ...Object.values(past?.values ?? {}), ...Object.values(start?.values ?? {})]);
    for (const tensor of held) {
      if (!needed.has(tensor) && held.delete(tensor)) tensor.dispose();
    }
  };

  /** Null where the step graph cannot be opened, or turns out not to run: it is then not tried again. */
  const paintSteadily = async (frame: Tensor, size: Size): Promise<Tensor | null> => {
    options ??= openStep().catch((error: unknown) => ((untold = error), null));
    const session = await options;
    if (!session) return null;
    const goesOn = past?.size.width === size.width && past.size.height === size.height;
    const known = (past = goesOn ? past! : { size, frames: 0, values: startFor(frame.dims) });
    // A frame that has no past is painted by itself.
    const dial = new ort.Tensor("float32", Float32Array.of(known.frames ? stability : 0), [1]);
    try {
      const found: Tensors = await session.run({ frame, style, stability: dial, ...known.values });
      for (const tensor of Object.values(found)) held.add(tensor);
      if (past === known) past = after(known, found); // or else it was reset meanwhile
      return found.painted!;
    } catch (error) {
      untold = error;
      options = Promise.resolve(null);
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
      if (!steady) past = null;
      last = steady ?? (await paintAlone(frame));
      held.add(last);
      letGo();
      return last;
    },
    reset: () => void (past = null),
    async release() {
      [past, last, start] = [null, null, null];
      letGo(); // while the sessions they belong to are there
      await Promise.allSettled([plain.release(), options?.then((session) => session?.release())]);
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
