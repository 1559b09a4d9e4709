// A worker that runs graphs on the processor, one after the other, for a painter that has several of them.
import type { Runtime, Session } from "../../../model/runtime";
import { startCpuRuntime } from "../../../model/runtime";
import type { Feeds, FromLane, Task, ToLane } from "./messages";

let ort: Runtime;
const sessions = new Map<number, Session>();

async function run(graph: number, feeds: Feeds): Promise<Feeds> {
  const tensors = Object.entries(feeds).map(([name, { data, dims }]) => [name, new ort.Tensor("float32", data, dims)]);
  const found = await sessions.get(graph)!.run(Object.fromEntries(tensors));
  return Object.fromEntries(
    Object.entries(found).map(([name, { data, dims }]) => [name, { data: data as Float32Array, dims }]),
  );
}

async function work(task: Task): Promise<Feeds | undefined> {
  switch (task.kind) {
    case "start":
      ort = await startCpuRuntime(task, task.threads);
      return;
    case "open":
      sessions.set(task.graph, await ort.InferenceSession.create(task.bytes, { executionProviders: ["wasm"] }));
      return;
    case "run":
      return run(task.graph, task.feeds);
    case "close":
      await sessions.get(task.graph)?.release();
      sessions.delete(task.graph);
  }
}

let last: Promise<unknown> = Promise.resolve();

self.onmessage = ({ data }: MessageEvent<ToLane>) => {
  const { id } = data;
  const answer = (message: FromLane, transfer: Transferable[] = []) => postMessage(message, { transfer });
  last = last
    .then(() => work(data))
    .then(
      (values) =>
        answer({ id, values }, values && Object.values(values).map((each) => each.data.buffer as ArrayBuffer)),
      (error: unknown) =>
        answer({ id, error: error instanceof Error ? `${error.name}: ${error.message}` : `${error}` }),
    );
};
