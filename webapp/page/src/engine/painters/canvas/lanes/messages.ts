// What a lane is told and answers. Values travel by transfer where nobody needs them any more.

/** A tensor's values in memory, and its shape. */
export interface Values {
  data: Float32Array;
  dims: readonly number[];
}

export type Feeds = Record<string, Values>;

export type Task =
  /** The first: ONNX Runtime's binary, unpacked, and the address of its code. */
  | { kind: "start"; binary: ArrayBuffer; code: string; threads: number }
  /** Opens a graph under a number. */
  | { kind: "open"; graph: number; bytes: Uint8Array }
  | { kind: "run"; graph: number; feeds: Feeds }
  | { kind: "close"; graph: number };

export type ToLane = { id: number } & Task;

/** Answers come in the order of the tasks; `values` only of a run. `error`: its name and what it says. */
export type FromLane = { id: number; values?: Feeds } | { id: number; error: string };
