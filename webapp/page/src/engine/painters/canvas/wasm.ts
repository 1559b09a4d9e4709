// The painter on the processor: ONNX Runtime's WebAssembly build.
import type { Frame, Size } from "../../../types";
import { cpuRuntime, threads } from "../../model/runtime";
import { Trouble } from "../../trouble";
import type { Framing } from "../framing";
import type { Painter, PainterOptions } from "../painter";
import { createNetworks } from "../steady";
import { createCanvasPainter } from "./canvas-painter";
import { cropPlanes, padded, toPixels, toPlanes } from "./pixels";
import type { Reader } from "./reader";

/** Throws `Trouble`, or whatever the runtime throws when it cannot load the graph. */
export async function openWasm(options: PainterOptions): Promise<Painter> {
  if (typeof WebAssembly === "undefined") throw new Trouble("This browser has no WebAssembly.");
  const { model, downloads, unsteady } = options;
  const { multiple, state } = model.description;
  const [ort, graph] = await Promise.all([cpuRuntime(downloads), model.file("frame")]);
  const open = (bytes: Uint8Array) => ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
  const networks = createNetworks({
    ort,
    frame: await open(graph),
    openStep: async () => open(await model.file("step")),
    state,
    place: (values, dims) => new ort.Tensor("float32", values, dims),
    unsteady,
  });

  const run = async (frame: Frame, framing: Framing, size: Size, reader: Reader): Promise<Float32Array> => {
    const { width, height } = padded(size, multiple);
    const planes = toPlanes(reader.pixels(frame, size, framing), size, multiple);
    const painted = await networks.paint(new ort.Tensor("float32", planes, [1, 3, height, width]), size);
    return painted.data as Float32Array;
  };
  return createCanvasPainter(
    {
      backend: "wasm",
      detail: threads() > 1 ? `processor, ${threads()} threads` : "processor, one thread",
      setStyle: networks.setStyle,
      setStability: networks.setStability,
      async paint(frame, framing, size, reader) {
        const planes = await run(frame, framing, size, reader);
        return new ImageData(toPixels(planes, size, multiple), size.width, size.height);
      },
      values: async (frame, framing, size, reader) =>
        cropPlanes(await run(frame, framing, size, reader), size, multiple),
      reset: networks.reset,
      close: () => void networks.release(),
    },
    options,
  );
}
