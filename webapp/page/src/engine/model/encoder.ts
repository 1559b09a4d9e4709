// P: style vectors of pictures, on the processor. Loaded when the first picture comes.
import type { Rules } from "../../types";
import type { Model } from "./model";
import { flatten, resized, shrinkSquare } from "./resize";
import { cpuRuntime, type Downloads, type Runtime, type Session } from "./runtime";
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
    loading ??= load().catch((error: unknown) => {
      loading = null; // so that the next picture tries again
      throw error;
    });
    const { ort, session } = await loading;
    const { style_side: side, rules } = model.description;
    const square = squareOf(picture, Math.min(LARGEST, picture.width, picture.height), rules.background);
    const seen = square.width < side ? resized(square, { width: side, height: side }) : square;
    return encodeSquare(ort, session, seen, side);
  };
}

/** S of a square without transparent pixels, at least `side` pixels wide: what P looks at. */
export async function encodeSquare(
  ort: Runtime,
  predictor: Session,
  square: { data: Uint8ClampedArray; width: number },
  side: number,
): Promise<Float32Array> {
  const image = new ort.Tensor("float32", shrinkSquare(square.data, square.width, side), [1, 3, side, side]);
  const { style } = await predictor.run({ image });
  return Float32Array.from(style.data as Float32Array);
}

/** The centre square of a picture, `drawn` pixels a side; where it is transparent, `background` shows. */
export function squareOf(picture: ImageBitmap, drawn: number, background: Rules["background"]): ImageData {
  const { left, top, side } = centreSquare(picture);
  const context = new OffscreenCanvas(drawn, drawn).getContext("2d", { willReadFrequently: true })!;
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, left, top, side, side, 0, 0, drawn, drawn);
  const square = context.getImageData(0, 0, drawn, drawn);
  flatten(square.data, background);
  return square;
}
