// What puts a painted picture over its frame and on the canvas: by WebGL2 (gl-compositor.ts), or by the processor
// (plain-compositor.ts).
import type { Frame, View } from "../../../types";
import type { Framing } from "../framing";
import type { Lines } from "../person";

/** What was made of a frame: its painting; where it is wanted a second one, of what is behind people, and their mask. */
export interface Made {
  painting: ImageData | ImageBitmap;
  behind: ImageData | ImageBitmap | null;
  lines: Lines | null;
}

export interface Compositor {
  /** Shows what was made of a frame, or a crop of it, over that, and the same way round. */
  show(frame: Frame, framing: Framing, made: Made, view: View): void;
  /** Shows the last picture again; false where there is none. */
  refresh(view: View): boolean;
  snapshot(view: View): Promise<Blob>;
  close(): void;
}
