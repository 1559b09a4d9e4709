// The painter on the processor: ONNX Runtime's WebAssembly build.
import type { Frame, Size } from "../../../types";
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
  const [ort] = await Promise.all([cpuRuntime(downloads), model.file("frame")]); // both downloads at once
  const networks = await openCpuNetworks(ort, model, unsteady);
  const padding = paddingOf(model.description);

  const run = (frame: Frame, framing: Framing, size: Size, time: number | null, reader: Reader) =>
    networks.paint(reader.pixels(frame, size, framing), { size, mirror: framing.mirror, time });
  return createCanvasPainter(
    {
      backend: "wasm",
      detail: threads() > 1 ? `processor, ${threads()} threads` : "processor, one thread",
      setStyle: networks.setStyle,
      setStability: networks.setStability,
      async paint(frame, framing, size, time, reader) {
        const planes = await run(frame, framing, size, time, reader);
        return new ImageData(toPixels(planes, size, padding), size.width, size.height);
      },
      async values(frame, framing, size, reader) {
        return cropPlanes(await run(frame, framing, size, null, reader), size, padding);
      },
      reset: networks.reset,
      close: () => void networks.release(),
    },
    options,
  );
}
