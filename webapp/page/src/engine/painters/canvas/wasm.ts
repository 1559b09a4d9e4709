// The painter on the processor: ONNX Runtime's WebAssembly build.
import type { Frame, Size } from "../../../types";
import type { Brush } from "../../model/graph-weights";
import { cpuRuntime, threads } from "../../model/runtime";
import { Trouble } from "../../trouble";
import type { Framing } from "../framing";
import type { Painter, PainterOptions } from "../painter";
import { createCanvasPainter } from "./canvas-painter";
import { openCpuNetworks } from "./cpu";
import { cropPlanes, paddingOf, toPixels } from "./pixels";
import type { Reader } from "./reader";

/** Throws `Trouble`, or whatever the runtime throws when it cannot load the graph. */
export async function openWasm(options: PainterOptions): Promise<Painter> {
  if (typeof WebAssembly === "undefined") throw new Trouble("This browser has no WebAssembly.");
  const { model, downloads, unsteady } = options;
  const steadily = options.stability > 0 && model.description.state.length > 0;
  model.file(steadily ? "step" : "frame").catch(() => {}); // both downloads at once; it is asked for again
  const ort = await cpuRuntime(downloads);
  const networks = await openCpuNetworks(ort, model, unsteady, steadily);
  const padding = paddingOf(model.description);

  /** Of what is behind people, once it was wanted. */
  let behind: ReturnType<typeof openCpuNetworks> | null = null;
  let style: [Float32Array, Brush] = [new Float32Array(), {}];
  let { stability } = options;
  const openBehind = async () => {
    const opened = await openCpuNetworks(ort, model, unsteady, steadily);
    opened.setStyle(...style);
    opened.setStability(stability);
    return opened;
  };

  const run = (frame: Frame, framing: Framing, size: Size, time: number | null, reader: Reader, by = networks) =>
    by.paint(reader.pixels(frame, size, framing), { size, mirror: framing.mirror, time });
  const picture = (planes: Float32Array, size: Size) =>
    new ImageData(toPixels(planes, size, padding), size.width, size.height);
  return createCanvasPainter(
    {
      backend: "wasm",
      detail: threads() > 1 ? `processor, ${threads()} threads` : "processor, one thread",
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
        return picture(await run(frame, framing, size, time, reader, await behind), size);
      },
      async values(frame, framing, size, reader) {
        return cropPlanes(await run(frame, framing, size, null, reader), size, padding);
      },
      reset() {
        networks.reset();
        void behind?.then((each) => each.reset());
      },
      close() {
        void networks.release();
        void behind?.then((each) => each.release());
      },
    },
    options,
  );
}
