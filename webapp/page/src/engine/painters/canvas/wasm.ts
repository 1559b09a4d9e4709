// The painter on the processor: ONNX Runtime's WebAssembly build.
import type { Frame, Size } from "../../../types";
import { cpuRuntime, threads } from "../../model/runtime";
import { Trouble } from "../../trouble";
import type { Framing } from "../framing";
import type { Painter, PainterOptions } from "../painter";
import { createNetworks } from "../steady";
import { createCanvasPainter } from "./canvas-painter";
import { cropPlanes, padded, paddingOf, toPixels, toPlanes } from "./pixels";
import type { Reader } from "./reader";

/** Throws `Trouble`, or whatever the runtime throws when it cannot load the graph. */
export async function openWasm(options: PainterOptions): Promise<Painter> {
  if (typeof WebAssembly === "undefined") throw new Trouble("This browser has no WebAssembly.");
  const { model, downloads, unsteady } = options;
  const padding = paddingOf(model.description);
  const [ort, graph] = await Promise.all([cpuRuntime(downloads), model.file("frame")]);
  const open = (bytes: Uint8Array) => ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
  const networks = createNetworks({
    ort,
    frame: await open(graph),
    openStep: async () => open(await model.file("step")),
    state: model.description.state,
    zeros: (dims) => new ort.Tensor("float32", new Float32Array(dims.reduce((a, b) => a * b)), dims),
    unsteady,
  });

  const run = async (frame: Frame, framing: Framing, size: Size, time: number | null, reader: Reader) => {
    const { width, height } = padded(size, padding);
    const planes = toPlanes(reader.pixels(frame, size, framing), size, padding);
    const input = new ort.Tensor("float32", planes, [1, 3, height, width]);
    const painted = await networks.paint(input, { size, mirror: framing.mirror, time });
    return painted.data as Float32Array;
  };
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
