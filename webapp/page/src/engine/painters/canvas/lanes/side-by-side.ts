// Frames side by side: each is painted by a lane of its own. T does not look at the past; only the stabilizer does, and it
// waits in its lane for what the frame before gave. The pixels are those of the step graph, whose two halves these are:
// `SideBySide` in export/runtime/side_by_side.py does the same for files.
import type { ModelDescription, Size } from "../../../../types";
import type { Brush } from "../../../model/graph-weights";
import { goesOn, KEY_MOTION, type Moment, moved, type Painted, sameBrush, sameValues } from "../../steady";
import type { CpuNetworks } from "../cpu";
import { padded, paddingOf, toPlanes } from "../pixels";
import type { LaneGraph, LaneGraphs } from "./graphs";
import type { Lane, Lanes } from "./lanes";
import type { Feeds, Values } from "./messages";

/** Whether a model's step graph is there in halves; one that holds nothing steady needs none. */
export const hasHalves = ({ state, files }: ModelDescription): boolean =>
  state.length === 0 || ("stabilize" in files && "steady_style" in files);

/** How frames are painted from now on; those in the making keep theirs. */
interface Look {
  style: Values;
  stability: number;
  /** S as T gets it for paintings that will be mixed, once it is known. */
  mixed: Promise<Values> | null;
}

/**
 * `paint` may be called again before the frame before is done; paintings come in the order of the frames. `unsteady`: the stabilizer
 * cannot be had, and is not tried again.
 */
export function createSideBySide(
  lanes: Lanes,
  graphs: LaneGraphs,
  description: ModelDescription,
  unsteady: () => void,
): CpuNetworks {
  const padding = paddingOf(description);
  const { state } = description;
  let look: Look = { style: { data: new Float32Array(), dims: [1, 0] }, stability: 0, mixed: null };
  let brush: Brush = {};
  let frameGraph = graphs.frame;
  let past: { moment: Moment; values: Promise<Feeds> } | null = null;
  let last: Promise<unknown> = Promise.resolve();
  let holdsSteady = state.length > 0;

  const begin = ({ width, height }: Size): Feeds =>
    Object.fromEntries(
      state.map(({ name, channels, over }) => {
        const dims = [1, channels, height / over, width / over];
        return [name, { data: new Float32Array(dims.reduce((a, b) => a * b)), dims }];
      }),
    );
  const copied = ({ data, dims }: Values): Values => ({ data: data.slice(), dims });
  const dial = (stability: number): Values => ({ data: Float32Array.of(stability), dims: [1] });
  const mixedStyle = (lane: Lane, { style, stability }: Look): Promise<Values> =>
    graphs.steadyStyle.run(lane, { style, stability: dial(stability) }).then((found) => found.steady_style);

  /** T's painting of a frame; for one that will be mixed the style makes up for what mixing takes away. */
  const paintAlone = async (lane: Lane, by: LaneGraph, frame: Values, of: Look, mixes: boolean): Promise<Values> => {
    if (mixes) of.mixed ??= mixedStyle(lane, of);
    const style = mixes ? await of.mixed! : of.style;
    return (await by.run(lane, { frame, style })).painted;
  };
  /** Whether the stabilizer is ready in a lane. */
  const steadied = async (lane: Lane): Promise<boolean> => {
    try {
      await Promise.all([graphs.stabilize.ready(lane), graphs.steadyStyle.ready(lane)]);
    } catch (error) {
      if (!holdsSteady) return false;
      console.warn("stabilizer:", error);
      holdsSteady = false;
      unsteady();
    }
    return holdsSteady;
  };
  const paintSteadily = async (
    lane: Lane,
    by: LaneGraph,
    frame: Values,
    of: Look,
    before: Promise<Feeds> | null,
    size: Size,
  ) => {
    const painting = await paintAlone(lane, by, frame, of, before !== null);
    const { width, height } = { width: frame.dims[3], height: frame.dims[2] };
    const feeds: Feeds = { ...((await before) ?? begin({ width, height })), frame, painting };
    const given = Object.keys(feeds);
    const motionBefore = feeds[KEY_MOTION] && copied(feeds[KEY_MOTION]); // the values are handed over
    const found = await graphs.stabilize.run(lane, { ...feeds, stability: dial(of.stability) }, given);
    // The painting is an input of the next frame, too, where the graph names it so: then whoever shows it gets a copy.
    const values = Object.fromEntries(state.map(({ name, from }) => [name, found[from]]));
    const shared = state.some(({ from }) => from === "painted");
    const painted = shared ? found.painted.data.slice() : found.painted.data;
    const motion = motionBefore ? moved(copied(values[KEY_MOTION]), motionBefore, size, frame.dims) : null;
    return { painted, motion, values };
  };

  const paint = (pixels: Uint8ClampedArray, moment: Moment): Promise<Painted<Float32Array, Values>> => {
    const { width, height } = padded(moment.size, padding);
    const frame: Values = { data: toPlanes(pixels, moment.size, padding), dims: [1, 3, height, width] };
    const [of, by] = [look, frameGraph];
    const steadily = of.stability > 0 && holdsSteady;
    const before = steadily && past && goesOn(past.moment, moment) ? past.values : null;
    const done = by.keep();
    const work = lanes
      .borrow(async (lane) =>
        steadily && (await steadied(lane))
          ? paintSteadily(lane, by, frame, of, before, moment.size)
          : { painted: (await paintAlone(lane, by, frame, of, false)).data, motion: null, values: null },
      )
      .finally(done);
    const values = work.then((each) => each.values ?? begin(padded(moment.size, padding)));
    values.catch(() => {}); // heard of by whoever waits for the painting
    past = steadily ? { moment, values } : null; // what is not carried on grows old
    const painted = last.then(() => work).then(({ painted, motion }) => ({ painted, motion }));
    last = painted.catch(() => {});
    return painted;
  };

  return {
    paint,
    setStyle(style, next = {}) {
      if (!sameBrush(next, brush)) {
        past = null;
        if (frameGraph !== graphs.frame) frameGraph.release();
        frameGraph = Object.keys(next).length ? graphs.withBrush(next) : graphs.frame;
        brush = next;
      }
      if (sameValues(style, look.style.data)) return;
      look = { style: { data: style, dims: [1, style.length] }, stability: look.stability, mixed: null };
      past = null;
    },
    setStability(stability) {
      look = { ...look, stability, mixed: null };
    },
    reset() {
      past = null;
    },
    async release() {
      past = null;
      if (frameGraph !== graphs.frame) frameGraph.release();
    },
  };
}
