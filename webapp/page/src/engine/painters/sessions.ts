// The sessions of a painter's graphs: opened with the brush that is on them when they are first wanted, replaced when they wear
// out. What is painted with them, steady.ts knows.
import type { Tensor } from "onnxruntime-web";

import type { Brush } from "../model/graph-weights";
import type { Session } from "../model/runtime";

/**
 * A session that has painted so many frames was sound: where it then fails it is worn out, and one fresh session is tried.
 * One that fails earlier does not work here.
 */
const SOUND = 30;

export type Tensors = Record<string, Tensor>;
/** The graph that paints frames by themselves, and the one that paints them steadily. */
export type Role = "frame" | "step";
/** Opens a graph with a brush. */
export type Open = (role: Role, brush: Brush) => Promise<Session>;

/** The graphs with one brush, as far as they are open. */
export interface Graphs {
  brush: Brush;
  frame: Promise<Session> | null;
  step: Promise<Session> | null;
}

/**
 * Opens the one graph without a brush that painting begins with: the step graph, or the other one where nothing is to be
 * steady, or the step graph does not work; that is told when a frame is painted. Throws what `open` throws.
 */
export async function openPlain(open: Open, steadily: boolean): Promise<Graphs> {
  const step = steadily ? open("step", {}) : null;
  const works = await step?.then(
    () => true,
    () => false,
  );
  return { brush: {}, frame: works ? null : Promise.resolve(await open("frame", {})), step };
}

export interface Sessions {
  /** The brush that is on the graphs. */
  readonly brush: Brush;
  /** Puts another brush on them when they are next wanted, so that of several in a row only the last one costs anything. */
  use(brush: Brush): void;
  /** Opens a graph's session, or another in place of one that has painted enough. Throws what `open` throws. */
  ready(role: Role): Promise<void>;
  /** Runs a graph that is ready; a session that wore out in the meantime is replaced, once, and asks for the feeds again. */
  run(role: Role, feeds: () => Tensors): Promise<Tensors>;
  /** Closes a graph that does not work. */
  drop(role: Role): void;
  release(): Promise<void>;
}

export interface SessionsOptions {
  open: Open;
  /** What is open without a brush; it stays open: whoever goes back to a plain style waits for nothing. */
  plain: Graphs;
  /** After so many frames a fresh session takes a session's place, for browsers in which it would not live long. */
  renewAfter?: number;
  /** A session is about to be replaced: what it gave cannot be read any more afterwards. */
  leaving(): void;
}

export function createSessions(options: SessionsOptions): Sessions {
  const { open, plain, renewAfter = Number.POSITIVE_INFINITY, leaving } = options;
  let graphs = plain;
  /** The release of graphs whose brush is gone: no other may be opened before. */
  let released: Promise<unknown> = Promise.resolve();
  /** Frames that each session has painted. */
  const frames = new WeakMap<Session, number>();

  const renewed = async (role: Role, worn: Session): Promise<Session> => {
    leaving();
    graphs[role] = null;
    await worn.release().catch(() => {});
    graphs[role] = open(role, graphs.brush);
    return graphs[role];
  };
  return {
    get brush() {
      return graphs.brush;
    },
    use(brush) {
      if (graphs !== plain) released = close(graphs);
      graphs = Object.keys(brush).length ? { brush, frame: null, step: null } : plain;
    },
    async ready(role) {
      graphs[role] ??= released.then(() => open(role, graphs.brush));
      const session = await graphs[role];
      if ((frames.get(session) ?? 0) >= renewAfter) await renewed(role, session);
    },
    async run(role, feeds) {
      const session = await graphs[role]!;
      const before = frames.get(session) ?? 0;
      frames.set(session, before + 1);
      try {
        return await session.run(feeds());
      } catch (error) {
        if (before < SOUND) throw error;
        console.warn(`${role} graph, after ${before} frames:`, error);
        return (await renewed(role, session)).run(feeds());
      }
    },
    drop(role) {
      const session = graphs[role];
      graphs[role] = null;
      session?.then((broken) => broken.release()).catch(() => {});
    },
    async release() {
      await Promise.allSettled([released, close(plain), graphs !== plain && close(graphs)]);
    },
  };
}

/** Releases what is open of some graphs. */
const close = ({ frame, step }: Graphs): Promise<unknown> =>
  Promise.allSettled([frame?.then((session) => session.release()), step?.then((session) => session.release())]);
