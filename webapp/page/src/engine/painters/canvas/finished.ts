// A painting brought to the size it is shown at and put over its frame, on the processor.
import type { Rules, Size, View } from "../../../types";
import { mixed } from "../../model/person";
import type { Lines } from "../person";
import { enlarge } from "./detail";
import { finish } from "./pixels";

/** What was made of a frame, as RGBA bytes; see `Made` in compositor.ts. */
export interface Pixels {
  painting: Uint8ClampedArray<ArrayBuffer>;
  behind: Uint8ClampedArray<ArrayBuffer> | null;
  lines: Lines | null;
}

/**
 * RGBA bytes of what is shown of a frame: painted at a size `small`, shown at `size`. `plain`: the frame's RGBA bytes of `size`. Neither
 * mirrored nor divided. The painting itself where it has the size already.
 */
export function finished(
  { painting, behind, lines }: Pixels,
  small: Size,
  plain: Uint8ClampedArray<ArrayBuffer>,
  size: Size,
  view: View,
  rules: Pick<Rules, "luma" | "detail" | "person">,
): Uint8ClampedArray<ArrayBuffer> {
  const over = (pixels: Uint8ClampedArray<ArrayBuffer>) => {
    const large = enlarge(pixels, small, plain, size, rules);
    finish(large, plain, view, rules.luma);
    return large;
  };
  if (view.who === "all" || !lines) return over(painting);
  const rest = behind && view.who === "each" ? over(behind) : plain;
  const [inside, outside] = view.who === "background" ? [plain, over(painting)] : [over(painting), rest];
  return mixed(lines.values, lines, plain, inside, outside, size, rules);
}
