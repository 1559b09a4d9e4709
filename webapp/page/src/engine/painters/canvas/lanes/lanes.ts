// Workers that each paint a frame by themselves, on threads of their own. Two cores given a frame each do more than two
// given one frame, and need no shared memory.
import { type Downloads, fetchCpuRuntime, LANES, laneThreads } from "../../../model/runtime";
import type { Feeds, FromLane, Task, ToLane } from "./messages";

export interface Lane {
  open(graph: number, bytes: Uint8Array): Promise<void>;
  /** Runs a graph that is open. The values of `given` inputs are handed over. */
  run(graph: number, feeds: Feeds, given?: string[]): Promise<Feeds>;
  close(graph: number): void;
}

export interface Lanes {
  all: readonly Lane[];
  /** Work with a lane that nobody else has; whoever asks first gets one first. */
  borrow<T>(work: (lane: Lane) => Promise<T>): Promise<T>;
  /** What is still running is given up. */
  end(): void;
}

interface Asked {
  resolve(values: Feeds): void;
  reject(error: Error): void;
}

/** Throws `Trouble` where the runtime cannot be had, or what the browser says where a worker has no workers. */
export async function openLanes(downloads: Downloads): Promise<Lanes> {
  const { binary, code } = await fetchCpuRuntime(downloads);
  const opened = Array.from({ length: LANES }, () => openLane());
  const end = () => {
    for (const { end } of opened) end();
  };
  try {
    await Promise.all(opened.map(({ ask }) => ask({ kind: "start", binary, code, threads: laneThreads() })));
  } catch (error) {
    end();
    throw error;
  }
  return createLanes(
    opened.map(({ lane }) => lane),
    end,
  );
}

/** Lends lanes out. */
export function createLanes(all: readonly Lane[], end: () => void): Lanes {
  const free = [...all];
  const waiting: ((lane: Lane) => void)[] = [];
  const giveBack = (lane: Lane) => {
    const next = waiting.shift();
    if (next) next(lane);
    else free.push(lane);
  };
  return {
    all,
    async borrow(work) {
      const lane = free.shift() ?? (await new Promise<Lane>((lend) => waiting.push(lend)));
      try {
        return await work(lane);
      } finally {
        giveBack(lane);
      }
    },
    end,
  };
}

function openLane() {
  const worker = new Worker(new URL("./lane.ts", import.meta.url), { type: "module" });
  const asked = new Map<number, Asked>();
  let tasks = 0;
  const end = (why = "The lane was closed.") => {
    worker.terminate();
    for (const { reject } of asked.values()) reject(new Error(why));
    asked.clear();
  };
  worker.onmessage = ({ data }: MessageEvent<FromLane>) => {
    const question = asked.get(data.id);
    asked.delete(data.id);
    if ("error" in data) question?.reject(new Error(data.error));
    else question?.resolve(data.values ?? {});
  };
  worker.onerror = ({ message }) => end(message || "The lane could not be started.");
  const ask = (task: Task, transfer: Transferable[] = []): Promise<Feeds> =>
    new Promise((resolve, reject) => {
      asked.set(++tasks, { resolve, reject });
      worker.postMessage({ id: tasks, ...task } satisfies ToLane, transfer);
    });
  const lane: Lane = {
    open: async (graph, bytes) => void (await ask({ kind: "open", graph, bytes })),
    run: (graph, feeds, given = []) =>
      ask(
        { kind: "run", graph, feeds },
        given.map((name) => feeds[name].data.buffer as ArrayBuffer),
      ),
    close: (graph) => void ask({ kind: "close", graph }).catch(() => {}),
  };
  return { lane, ask, end };
}
