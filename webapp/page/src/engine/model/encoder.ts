// P: style vectors of pictures, on the processor. Loaded when the first picture comes.

import type { Model } from "./model";
import { shrinkSquare } from "./resize";
import { cpuRuntime, type Downloads } from "./runtime";
import { centreSquare } from "./style";

export type Encode = (picture: ImageBitmap) => Promise<Float32Array>;

/** Larger squares are halved by the browser first: pixels. */
const LARGEST = 2048;

/** S of the centre square of a picture, float32 [D]. The half-precision graph is half the download and as good. */
export function createEncoder(downloads: Downloads, model: Model): Encode {
  const load = async () => {
    const [ort, graph] = await Promise.all([cpuRuntime(downloads), model.file("style_fp16", "style")]);
    return { ort, session: await ort.InferenceSession.create(graph, { executionProviders: ["wasm"] }) };
  };
  let loading: ReturnType<typeof load> | null = null;
  return async (picture) => {
    loading ??= load();
    loading.catch(() => (loading = null));
    const { ort, session } = await loading;
    const side = model.description.style_side;
    const image = new ort.Tensor("float32", squarePlanes(picture, side), [1, 3, side, side]);
    const { style } = await session.run({ image });
    return Float32Array.from(style!.data as Float32Array);
  };
}

/** The centre square as RGB planes [3,side,side] in 0…1; transparent places are black. */
function squarePlanes(picture: ImageBitmap, side: number): Float32Array {
  const square = centreSquare(picture);
  const drawn = square.side > LARGEST ? LARGEST : Math.max(square.side, side);
  const context = new OffscreenCanvas(drawn, drawn).getContext("2d", { willReadFrequently: true, alpha: false })!;
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, square.left, square.top, square.side, square.side, 0, 0, drawn, drawn);
  return shrinkSquare(context.getImageData(0, 0, drawn, drawn).data, drawn, side);
}
