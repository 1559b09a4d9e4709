// Shows a painted picture over its frame without WebGL, on the processor: on remote desktops, in virtual machines, and where
// the browser does not trust the graphics driver. The same formulas as the shaders', for a smaller canvas.
import type { Rules, Size, View } from "../../../types";
import { Trouble } from "../../trouble";
import { shownSize } from "../painter";
import type { Compositor, Made } from "./compositor";
import { finished, type Pixels } from "./finished";
import { createReader } from "./reader";

/** Longest side of the canvas, pixels: what a core brings a painting to in a fraction of the time that it takes to paint. */
const LONGEST = 640;

interface Shown {
  made: Pixels;
  small: Size;
  plain: Uint8ClampedArray<ArrayBuffer>;
  size: Size;
}

/** Takes over a canvas, for a model's rules. Throws `Trouble` where the browser has no canvas at all. */
export function createPlainCompositor(
  canvas: OffscreenCanvas,
  rules: Pick<Rules, "luma" | "detail" | "person">,
): Compositor {
  const context = canvas.getContext("2d", { alpha: false });
  if (!context) throw new Trouble("This browser cannot show the painting: it draws on no canvas. Try a newer browser.");
  const reader = createReader();
  let shown: Shown | null = null;
  const bytes = (painting: Made["painting"]) =>
    "data" in painting ? (painting.data as Uint8ClampedArray<ArrayBuffer>) : reader.pixels(painting, sizeOf(painting));
  const draw = (view: View): boolean => {
    if (!shown) return false;
    const { small, plain, size } = shown;
    const made = { ...shown.made, painting: shown.made.painting.slice(), behind: shown.made.behind?.slice() ?? null };
    const pixels = finished(made, small, plain, size, view, rules);
    if (canvas.width !== size.width || canvas.height !== size.height) Object.assign(canvas, size);
    context.putImageData(new ImageData(pixels, size.width, size.height), 0, 0);
    const left = Math.round((view.split ?? 0) * size.width);
    if (left > 0) context.putImageData(new ImageData(plain, size.width, size.height), 0, 0, 0, 0, left, size.height);
    return true;
  };
  return {
    show(frame, framing, made, view) {
      const size = shownSize(framing.crop, LONGEST);
      const plain = reader.pixels(frame, size, framing);
      const behind = made.behind && bytes(made.behind);
      shown = {
        made: { painting: bytes(made.painting), behind, lines: made.lines },
        small: sizeOf(made.painting),
        plain,
        size,
      };
      draw(view);
    },
    refresh: draw,
    snapshot(view) {
      draw(view);
      return canvas.convertToBlob({ type: "image/png" });
    },
    close() {
      shown = null;
    },
  };
}

const sizeOf = ({ width, height }: Size): Size => ({ width, height });
