// Graphs that any lane runs: each is opened in a lane when it is first needed there.
import { type Brush, withBrush } from "../../../model/graph-weights";
import type { Model } from "../../../model/model";
import type { Lane } from "./lanes";
import type { Feeds } from "./messages";

/** A graph that any lane runs; opened there when it is first needed. */
export interface LaneGraph {
  ready(lane: Lane): Promise<void>;
  run(lane: Lane, feeds: Feeds, given?: string[]): Promise<Feeds>;
  /** It is closed as soon as no frame needs it. */
  release(): void;
  /** While a frame in the making needs it. */
  keep(): () => void;
}

/** The graphs of a model, for all who paint with it; without a brush. */
export interface LaneGraphs {
  frame: LaneGraph;
  stabilize: LaneGraph;
  steadyStyle: LaneGraph;
  withBrush(brush: Brush): LaneGraph;
}

export function createLaneGraphs(model: Pick<Model, "file">): LaneGraphs {
  let count = 0;
  const graph = (bytes: () => Promise<Uint8Array>): LaneGraph => {
    const number = ++count;
    const opened = new Map<Lane, Promise<void>>();
    let [kept, released] = [0, false];
    const close = () => {
      for (const lane of opened.keys()) lane.close(number);
      opened.clear();
    };
    const ready = (lane: Lane): Promise<void> => {
      let open = opened.get(lane);
      if (!open) {
        open = bytes().then((each) => lane.open(number, each));
        open.catch(() => opened.delete(lane));
        opened.set(lane, open);
      }
      return open;
    };
    return {
      ready,
      async run(lane, feeds, given) {
        await ready(lane);
        return lane.run(number, feeds, given);
      },
      release() {
        released = true;
        if (!kept) close();
      },
      keep() {
        kept++;
        return () => void (--kept || !released || close());
      },
    };
  };
  return {
    frame: graph(() => model.file("frame")),
    stabilize: graph(() => model.file("stabilize")),
    steadyStyle: graph(() => model.file("steady_style")),
    withBrush: (brush) => graph(async () => withBrush(await model.file("frame"), brush)),
  };
}
