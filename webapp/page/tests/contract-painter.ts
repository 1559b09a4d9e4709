// The page's painter without a browser: its own modules, put together as `engine/worker.ts` does it.
import { readFileSync } from "node:fs";

import { checkDescription } from "../src/engine/model/description";
import { encodeSquare } from "../src/engine/model/encoder";
import { checkFile, type Model } from "../src/engine/model/model";
import { flatten } from "../src/engine/model/resize";
import { blend, blendBrushes, centreSquare } from "../src/engine/model/style";
import { openCpuNetworks } from "../src/engine/painters/canvas/cpu";
import { cropPlanes, finish, paddingOf, toPixels } from "../src/engine/painters/canvas/pixels";
import type { Size, StyleFile, View } from "../src/types";

/** A picture as RGBA bytes. */
export interface Picture extends Size {
  data: Uint8ClampedArray;
}

/** A model folder of this machine, its files checked as the page checks them. Throws `Trouble`. */
export function readModel(folder: URL): Model {
  const name = folder.pathname.split("/").at(-2) ?? "";
  const description = checkDescription(JSON.parse(readFileSync(new URL("model.json", folder), "utf8")), name);
  return {
    description,
    beside: async ({ file }) => new Uint8Array(readFileSync(new URL(file, folder))),
    async file(...roles) {
      const role = roles.find((each) => each in description.files)!;
      const bytes = new Uint8Array(readFileSync(new URL(description.files[role].file, folder)));
      await checkFile(bytes.buffer, description.files[role]);
      return bytes;
    },
  };
}

export type Painter = Awaited<ReturnType<typeof createPainter>>;

/** What the page paints with a model, frame after frame. */
export async function createPainter(model: Model) {
  const ort = await import("onnxruntime-web/wasm");
  ort.env.wasm.numThreads = 1;
  const { rules, style_side } = model.description;
  const padding = paddingOf(model.description);
  const view: Pick<View, "strength" | "keepColors"> = { strength: 1, keepColors: false };
  const predictor = await ort.InferenceSession.create(await model.file("style"), { executionProviders: ["wasm"] });
  const { paint, setStyle, ...networks } = await openCpuNetworks(ort, model, () => {
    throw new Error("The step graph does not run.");
  });
  const moment = ({ width, height }: Picture, time: number | null) => ({
    size: { width, height },
    mirror: false,
    time,
  });
  return {
    ...networks,
    view,
    use: (styles: Pick<StyleFile, "style" | "brush">[], weights: number[]) =>
      setStyle(
        blend(
          styles.map(({ style }) => style),
          weights,
        ),
        blendBrushes(
          styles.map(({ brush }) => brush),
          weights,
        ),
      ),
    /** The painting before it is rounded: RGB planes [3,H,W]. `time`: of a camera's frame, milliseconds. */
    async values(picture: Picture, time: number | null = null): Promise<Float32Array> {
      const { painted } = await paint(picture.data, moment(picture, time));
      return cropPlanes(painted, picture, padding);
    },
    /** The painting mixed with its frame as the view says: RGBA bytes. */
    async paint(picture: Picture, time: number | null = null): Promise<Uint8ClampedArray> {
      const { painted } = await paint(picture.data, moment(picture, time));
      const pixels = toPixels(painted, picture, padding);
      finish(pixels, picture.data, view, rules.luma);
      return pixels;
    },
    /** S of a picture, laid on the background. */
    async encode(picture: Picture): Promise<Float32Array> {
      const square = cutSquare(picture);
      flatten(square.data, rules.background);
      return encodeSquare(ort, predictor, square, style_side);
    },
  };
}

/** The centre square, which a browser cuts out with `drawImage`. */
function cutSquare({ data, width, height }: Picture): Picture {
  const { left, top, side } = centreSquare({ width, height });
  const square = new Uint8ClampedArray(4 * side * side);
  for (let y = 0; y < side; y++) {
    const row = 4 * ((top + y) * width + left);
    square.set(data.subarray(row, row + 4 * side), 4 * y * side);
  }
  return { data: square, width: side, height: side };
}
