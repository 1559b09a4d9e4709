// The networks of a painter: frame by frame, or steadily by the step graph, which is handed zeros before the first frame
// and then what it gave for the frame before. Nobody else knows of the past, and it is forgotten here where it ends.
// The Python runtime does the same in export/runtime/steady.py and painter.py.
import type { Tensor } from "onnxruntime-web";

import type { Size, StateTensor } from "../../types";
import type { Brush } from "../model/graph-weights";
import type { Runtime } from "../model/runtime";
import { createSessions, type SessionsOptions, type Tensors } from "./sessions";

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

/** The part of the state that tells where a frame's pixels are in the stabilizer's key: `State` in models/steady/stabilizer.py. */
export const KEY_MOTION = "key_motion";

/** How a frame has moved since the one before, for the graph models/person/carry.onnx, whose inputs it names. */
export interface Motion<T> {
  /** [1,2,h,w], from the frame to the key, in halves of the padded frame. */
  key_motion: T;
  /** The same of the frame before. */
  last_key_motion: T;
  /** What part of the padded frame's width and height is the frame. */
  extent: [number, number];
}

/** A frame's painting, and how it has moved where it was painted steadily by a model that tells. */
export interface Painted<T, M> {
  painted: T;
  motion: Motion<M> | null;
}

export interface Networks {
  /**
   * Another style; the past is forgotten, as the old style would be carried into the new one. Another brush is put on the
   * graphs when the next frame is painted, so that of several in a row only the last one costs anything.
   */
  setStyle(style: Float32Array, brush?: Brush): void;
  /** 0…1; 0 paints every frame by itself. */
  setStability(stability: number): void;
  /** Planes [1,3,H',W'] of a frame → its painting, the same shape; both are good until the next frame. */
  paint(frame: Tensor, moment: Moment): Promise<Painted<Tensor, Tensor>>;
  /** A new clip begins: the next frame is painted by itself. */
  reset(): void;
  release(): Promise<void>;
}

/** The sessions: see `SessionsOptions`. */
export interface NetworksOptions extends Omit<SessionsOptions, "leaving"> {
  ort: Runtime;
  /** What the step graph carries from frame to frame; empty for a model without one. */
  state: StateTensor[];
  /** Zeros where the networks run. */
  zeros(dims: number[]): Tensor;
  /** A copy of what the networks gave that needs no session. */
  copied(tensor: Tensor): Tensor;
  /** The step graph does not work here. */
  unsteady(): void;
}

/** What is carried to the next frame, by the names of the step graph's inputs. */
interface Past {
  values: Tensors;
  /** Of the last frame. */
  moment: Moment;
}

export function createNetworks(options: NetworksOptions): Networks {
  const { ort, state, zeros, copied, unsteady } = options;
  let steadily = state.length > 0;
  let style = new ort.Tensor("float32", new Float32Array(), [1, 0]);
  let stability = 0;
  let past: Past | null = null;
  /** What the networks painted last, and how it had moved. */
  let last: Tensor | null = null;
  let motion: Motion<Tensor> | null = null;
  /** Tensors made for the step graph or by the networks, until nothing needs them. */
  const held = new Set<Tensor>();
  /** Why the step graph does not work, until that is told: not before a frame was painted without it. */
  let failure: unknown = null;

  const hold = (tensors: Tensor[]): void => {
    for (const tensor of tensors) held.add(tensor);
  };
  const disposeOfTheRest = (): void => {
    const needed = new Set([last, motion?.key_motion, motion?.last_key_motion, ...Object.values(past?.values ?? {})]);
    for (const tensor of held) {
      if (!needed.has(tensor) && held.delete(tensor)) tensor.dispose();
    }
  };
  /** Nothing that was painted is needed any more; to be called while the sessions it belongs to are there. */
  const forget = (): void => {
    [past, last, motion] = [null, null, null];
    disposeOfTheRest();
  };
  const sessions = createSessions({
    ...options,
    /** The past goes on, in tensors that need no session. */
    leaving() {
      if (past) {
        const values = Object.fromEntries(Object.entries(past.values).map(([name, tensor]) => [name, copied(tensor)]));
        Object.assign(past.values, values);
        hold(Object.values(values));
      }
      [last, motion] = [null, null];
      disposeOfTheRest();
    },
  });

  /** What the first frame is handed, for padded dimensions [1,3,H',W']. */
  const begin = (dims: readonly number[]): Tensors => {
    const [height, width] = dims.slice(-2);
    const part = ({ channels, over }: StateTensor) => zeros([1, channels, height / over, width / over]);
    const values = Object.fromEntries(state.map((each) => [each.name, part(each)]));
    hold(Object.values(values));
    return values;
  };
  /** It is not tried again. */
  const giveUpSteady = (error: unknown): null => {
    failure = error;
    steadily = false;
    return null;
  };
  /** Null where the step graph cannot be opened, or turns out not to run. */
  const paintSteadily = async (frame: Tensor, moment: Moment): Promise<Tensor | null> => {
    try {
      await sessions.ready("step");
    } catch (error) {
      return giveUpSteady(error);
    }
    if (!past || !goesOn(past.moment, moment)) past = { values: begin(frame.dims), moment };
    const before = past;
    const dial = new ort.Tensor("float32", Float32Array.of(stability), [1]);
    try {
      const found = await sessions.run("step", () => ({ frame, style, stability: dial, ...before.values }));
      hold(Object.values(found));
      const values = Object.fromEntries(state.map(({ name, from }) => [name, found[from]]));
      if (KEY_MOTION in values) motion = moved(values[KEY_MOTION], before.values[KEY_MOTION], moment.size, frame.dims);
      if (past === before) past = { values, moment }; // or else it was forgotten meanwhile
      return found.painted;
    } catch (error) {
      sessions.drop("step");
      return giveUpSteady(error);
    }
  };
  const paintAlone = async (frame: Tensor): Promise<Tensor> => {
    await sessions.ready("frame");
    const { painted } = await sessions.run("frame", () => ({ frame, style }));
    if (failure) {
      console.warn("step graph:", failure);
      failure = null;
      unsteady();
    }
    return painted;
  };

  return {
    setStyle(values, brush = {}) {
      if (!sameBrush(brush, sessions.brush)) {
        forget();
        sessions.use(brush);
      }
      if (sameValues(values, style.data as Float32Array)) return;
      style = new ort.Tensor("float32", values, [1, values.length]);
      past = null;
    },
    setStability(next) {
      stability = next;
    },
    async paint(frame, moment) {
      motion = null;
      const steady = stability > 0 && steadily ? await paintSteadily(frame, moment) : null;
      if (!steady) past = null; // what is not carried on grows old
      last = steady ?? (await paintAlone(frame));
      hold([last]);
      disposeOfTheRest();
      return { painted: last, motion };
    },
    reset() {
      past = null;
    },
    release() {
      forget();
      return sessions.release();
    },
  };
}

/** The motion of a frame of `size`, which the networks got with dimensions [1,3,H',W']. */
export const moved = <T>(now: T, before: T, { width, height }: Size, dims: readonly number[]): Motion<T> => ({
  key_motion: now,
  last_key_motion: before,
  extent: [width / dims[3], height / dims[2]],
});

/** Whether a frame goes on from the one before it. */
export function goesOn(before: Moment, { size, mirror, time }: Moment): boolean {
  if (before.size.width !== size.width || before.size.height !== size.height) return false;
  if (before.mirror !== mirror || (before.time === null) !== (time === null)) return false;
  return before.time === null || time === null || time - before.time <= PAUSE;
}

export const sameBrush = (a: Brush, b: Brush): boolean => {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => name in b && sameValues(a[name], b[name]));
};

export const sameValues = (a: Float32Array, b: Float32Array): boolean =>
  a.length === b.length && a.every((value, i) => value === b[i]);
