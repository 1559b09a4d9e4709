// The painter on the processor: ONNX Runtime's WebAssembly build.
import type { Frame, Size } from "../types";
import { compose } from "./composed";
import type { Opening, Painter } from "./painter";
import { cropPlanes, padded, toPixels, toPlanes } from "./pixels";
import type { Reader } from "./reader";
import { cpuRuntime, threads } from "./runtime";
import { Trouble } from "./trouble";

/** Throws `Trouble`, or whatever the runtime throws when it cannot load the graph. */
export async function openWasm(opening: Opening): Promise<Painter> {
  if (typeof WebAssembly === "undefined") throw new Trouble("This browser has no WebAssembly.");
  const { multiple } = opening.model.description;
  const [ort, graph] = await Promise.all([cpuRuntime(opening.place), opening.model.file("frame")]);
  const session = await ort.InferenceSession.create(graph, { executionProviders: ["wasm"] });
  let style = new ort.Tensor("float32", new Float32Array(), [0]);

  const run = async (frame: Frame, size: Size, reader: Reader): Promise<Float32Array> => {
    const { width, height } = padded(size, multiple);
    const planes = toPlanes(reader.pixels(frame, size), size, multiple);
    const { painted } = await session.run({ frame: new ort.Tensor("float32", planes, [1, 3, height, width]), style });
    return painted!.data as Float32Array;
  };
  return compose(
    {
      backend: "wasm",
      detail: threads() > 1 ? `processor, ${threads()} threads` : "processor, one thread",
      setStyle: (s) => (style = new ort.Tensor("float32", s, [1, s.length])),
      paint: async (frame, size, reader) => new ImageData(toPixels(await run(frame, size, reader), size, multiple), size.width, size.height),
      values: async (frame, size, reader) => cropPlanes(await run(frame, size, reader), size, multiple),
      close: () => void session.release(),
    },
    opening,
  );
}
