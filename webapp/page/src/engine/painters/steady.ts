// The networks of a painter: frame by frame, or steadily by the step graph, which is handed zeros before the first frame
// and then what it gave for the frame before. Nobody else knows of the past, and it is forgotten here where it ends.
// The Python runtime does the same in export/runtime/steady.py and painter.py.
import type { Tensor } from "onnxruntime-web";

import type { Size, StateTensor } from "../../types";
import type { Runtime, Session } from "../model/runtime";

/** Milliseconds without a frame after which a camera's next one begins anew: `PAUSE` in export/runtime/painter.py. */
export const PAUSE = 1000;

/** A frame goes on from the one before where both have the same size and way round, and belong to one camera or clip. */
export interface Moment {
  /** Of the frame before it is padded, pixels. */
  size: Size;
  /** Painted left for right. */
  mirror: boolean;
  /** When a camera's frame was taken, milliseconds of any clock; null for frames of a clip, which come when they come. */
  time: number | null;
}

export interface Networks {
  /** Another style; the past is forgotten, as the old style would be carried into the new one. */
  setStyle(style: Float32Array): void;
  /** 0…1; 0 paints every frame by itself. */
  setStability(stability: number): void;
  /** Planes [1,3,H',W'] of a frame → its painting, the same shape; good until the next frame. */
  paint(frame: Tensor, moment: Moment): Promise<Tensor>;
  /** A new clip begins: the next frame is painted by itself. */
  reset(): void;
  release(): Promise<void>;
}

export interface NetworksOptions {
  ort: Runtime;
  /** The graph that paints frames by themselves. */
  frame: Session;
  /** Opens the step graph; called when it is first wanted, if the model has one. */
  openStep(): Promise<Session>;
  /** What the step graph carries from frame to frame; empty for a model without one. */
  state: StateTensor[];
  /** Zeros where the networks run. */
  zeros(dims: number[]): Tensor;
  /** The step graph does not work here. */
  unsteady(): void;
}

type Tensors = Record<string, Tensor>;

/** What is carried to the next frame, by the names of the step graph's inputs. */
interface Past {
  values: Tensors;
  /** Of the last frame. */
  moment: Moment;
}

export function createNetworks(options: NetworksOptions): Networks {
  const { ort, frame: frameGraph, openStep, state, zeros, unsteady } = options;
  let style = new ort.Tensor("float32", new Float32Array(), [1, 0]);
  let stability = 0;
  let step: Promise<Session | null> | null = null;
  let past: Past | null = null;
  /** What the networks painted last. */
  let last: Tensor | null = null;
  /** Tensors made for the step graph or by the networks, until nothing needs them. */
  const held = new Set<Tensor>();
  /** Why the step graph does not work, until that is told: not before a frame was painted without it. */
  let failure: unknown = null;

  const hold = (tensors: Tensor[]): void => {
    for (const tensor of tensors) held.add(tensor);
  };
  const disposeOfTheRest = (): void => {
    const needed = new Set([last, ...Object.values(past?.values ?? {})]);
    for (const tensor of held) {
      if (!needed.has(tensor) && held.delete(tensor)) tensor.dispose();
    }
  };

  /** What the first frame is handed, for padded dimensions [1,3,H',W']. */
  const begin = (dims: readonly number[]): Tensors => {
    const [height, width] = dims.slice(-2);
    const part = ({ channels, over }: StateTensor) => zeros([1, channels, height / over, width / over]);
    const values = Object.fromEntries(state.map((each) => [each.name, part(each)]));
    hold(Object.values(values));
    return values;
  };
  /** Null where the step graph cannot be opened, or turns out not to run: it is then not tried again. */
  const paintSteadily = async (frame: Tensor, moment: Moment): Promise<Tensor | null> => {
    step ??= openStep().catch((error: unknown) => {
      failure = error;
      return null;
    });
    const session = await step;
    if (!session) return null;
    if (!past || !goesOn(past.moment, moment)) past = { values: begin(frame.dims), moment };
    const before = past;
    const dial = new ort.Tensor("float32", Float32Array.of(stability), [1]);
    try {
      const found: Tensors = await session.run({ frame, style, stability: dial, ...before.values });
      hold(Object.values(found));
      const values = Object.fromEntries(state.map(({ name, from }) => [name, found[from]]));
      if (past === before) past = { values, moment }; // or else it was forgotten meanwhile
      return found.painted;
    } catch (error) {
      failure = error;
      step = Promise.resolve(null);
      session.release().catch(() => {});
      return null;
    }
  };
  const paintAlone = async (frame: Tensor): Promise<Tensor> => {
    const { painted } = await frameGraph.run({ frame, style });
    if (failure) {
      console.warn("step graph:", failure);
      failure = null;
      unsteady();
    }
    return painted;
  };

  return {
    setStyle(values) {
      if (same(values, style.data as Float32Array)) return;
      style = new ort.Tensor("float32", values, [1, values.length]);
      past = null;
    },
    setStability(next) {
      stability = next;
    },
    async paint(frame, moment) {
      const steady = stability > 0 && state.length ? await paintSteadily(frame, moment) : null;
      if (!steady) past = null; // what is not carried on grows old
      last = steady ?? (await paintAlone(frame));
      hold([last]);
      disposeOfTheRest();
      return last;
    },
    reset() {
      past = null;
    },
    async release() {
      past = null;
      last = null;
      disposeOfTheRest(); // while the sessions they belong to are there
      await Promise.allSettled([frameGraph.release(), step?.then((session) => session?.release())]);
    },
  };
}

/** Whether a frame goes on from the one before it. */
function goesOn(before: Moment, { size, mirror, time }: Moment): boolean {
  if (before.size.width !== size.width || before.size.height !== size.height) return false;
  if (before.mirror !== mirror || (before.time === null) !== (time === null)) return false;
  return before.time === null || time === null || time - before.time <= PAUSE;
}

const same = (a: Float32Array, b: Float32Array): boolean =>
  a.length === b.length && a.every((value, i) => value === b[i]);
