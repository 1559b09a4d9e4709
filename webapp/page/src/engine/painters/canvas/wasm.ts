// The painter on the processor: ONNX Runtime's WebAssembly build.
import type { Frame, Size } from "../../../types";
import type { Brush } from "../../model/graph-weights";
import { cpuRuntime, hasLanes, laneThreads, threads } from "../../model/runtime";
import { Trouble } from "../../trouble";
import type { Framing } from "../framing";
import type { Painter, PainterOptions } from "../painter";
import type { Painted } from "../steady";
import { createCanvasPainter } from "./canvas-painter";
import { type CpuNetworks, openCpuNetworks } from "./cpu";
import { createLaneGraphs } from "./lanes/graphs";
import { type Lanes, openLanes } from "./lanes/lanes";
import type { Values } from "./lanes/messages";
import { createSideBySide, hasHalves } from "./lanes/side-by-side";
import { cropPlanes, paddingOf, toPixels } from "./pixels";
import type { Reader } from "./reader";
import { withScenes } from "./scenes";

/** What the network's part of a painter is made of. */
interface Networks {
  detail: string;
  atOnce: number;
  networks: CpuNetworks;
  /** Others, with a past of their own. */
  openMore(): Promise<CpuNetworks>;
  end(): void;
}

const TOO_MUCH = "Two frames at once are too much for this device";

/** Frames side by side turned out not to work here: it is not tried again. */
let oneByOne = false;

/** Throws `Trouble`, or whatever the runtime throws when it cannot load the graph. */
export async function openWasm(options: PainterOptions): Promise<Painter> {
  if (typeof WebAssembly === "undefined") throw new Trouble("This browser has no WebAssembly.");
  const { model } = options;
  const padding = paddingOf(model.description);
  const sideBySide = !oneByOne && hasLanes() && hasHalves(model.description);
  const opened = (sideBySide && (await openSideBySide(options))) || (await openOneByOne(options));
  const { networks, openMore, end, detail, atOnce } = opened;

  /** Of what is behind people, once it was wanted. */
  let behind: Promise<CpuNetworks> | null = null;
  let style: [Float32Array, Brush] = [new Float32Array(), {}];
  let { stability } = options;
  const openBehind = async () => {
    const more = await openMore();
    more.setStyle(...style);
    more.setStability(stability);
    return more;
  };

  const run = (frame: Frame, framing: Framing, size: Size, time: number | null, reader: Reader, by = networks) =>
    by.paint(reader.pixels(frame, size, framing), { size, mirror: framing.mirror, time });
  const picture = ({ painted, motion }: Painted<Float32Array, Values>, size: Size) => ({
    picture: new ImageData(toPixels(painted, size, padding), size.width, size.height),
    motion,
  });
  return createCanvasPainter(
    {
      backend: "wasm",
      detail,
      atOnce,
      setStyle: networks.setStyle,
      setStability(next) {
        stability = next;
        networks.setStability(next);
        void behind?.then((each) => each.setStability(next));
      },
      async paint(frame, framing, size, time, reader) {
        return picture(await run(frame, framing, size, time, reader), size);
      },
      setBehind(...next) {
        style = next;
        void behind?.then((each) => each.setStyle(...next));
      },
      async paintBehind(frame, framing, size, time, reader) {
        if (!style[0].length) return null;
        behind ??= openBehind();
        return picture(await run(frame, framing, size, time, reader, await behind), size).picture;
      },
      async values(frame, framing, size, reader) {
        return cropPlanes((await run(frame, framing, size, null, reader)).painted, size, padding);
      },
      reset() {
        networks.reset();
        void behind?.then((each) => each.reset());
      },
      close() {
        void networks.release();
        void behind?.then((each) => each.release());
        end();
      },
    },
    options,
  );
}

async function openOneByOne({ model, downloads, unsteady, stability }: PainterOptions): Promise<Networks> {
  const steadily = stability > 0 && model.description.state.length > 0;
  model.file(steadily ? "step" : "frame").catch(() => {}); // both downloads at once; it is asked for again
  const ort = await cpuRuntime(downloads);
  const openMore = async () => withScenes(await openCpuNetworks(ort, model, unsteady, steadily));
  const detail = threads() > 1 ? `processor, ${threads()} threads` : "processor, one thread";
  return { detail, atOnce: 1, networks: await openMore(), openMore, end: () => {} };
}

/** Null where it does not work, for another reason than a download's. */
async function openSideBySide({ model, downloads, failed, unsteady }: PainterOptions): Promise<Networks | null> {
  let lanes: Lanes | null = null;
  try {
    [lanes] = await Promise.all([openLanes(downloads), model.file("frame")]); // both downloads at once
    const graphs = createLaneGraphs(model);
    await Promise.all(lanes.all.map((lane) => graphs.frame.ready(lane)));
    const { all, end } = lanes;
    let ended = false;
    const broke = (error: unknown) => {
      if (ended) return;
      oneByOne = true;
      failed(error instanceof Trouble ? error : new Trouble(TOO_MUCH), true);
    };
    const open = () => withScenes(watched(createSideBySide(lanes!, graphs, model.description, unsteady), broke));
    const each = laneThreads() > 1 ? `, ${laneThreads()} threads each` : "";
    const detail = `processor, ${all.length} frames at once${each}`;
    return {
      detail,
      atOnce: all.length,
      networks: open(),
      openMore: async () => open(),
      end: () => {
        ended = true;
        end();
      },
    };
  } catch (error) {
    lanes?.end();
    if (error instanceof Trouble) throw error;
    console.warn("frames side by side:", error);
    return null;
  }
}

/** Networks that tell when they `broke`. */
const watched = (networks: CpuNetworks, broke: (error: unknown) => void): CpuNetworks => ({
  ...networks,
  async paint(...given) {
    try {
      return await networks.paint(...given);
    } catch (error) {
      broke(error);
      throw error;
    }
  },
});
