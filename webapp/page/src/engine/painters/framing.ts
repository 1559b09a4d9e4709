// Which part of a frame is painted, and which way round: the same for shaders and for canvases.
import type { Crop, Size } from "../../types";

export interface Framing {
  crop: Crop;
  /** Left and right change places. */
  mirror: boolean;
}

/** All of a frame. */
export const wholeFrame = ({ width, height }: Size): Crop => ({ left: 0, top: 0, width, height });

/**
 * Where a position of the painting, 0…1 from its top left, lies in a frame of that size: at `origin + position × span`,
 * also 0…1. As [origin x, origin y, span x, span y]; a mirrored span is negative, from the right edge.
 */
export function cropWindow(frame: Size, { crop, mirror }: Framing): [number, number, number, number] {
  const [left, top] = [crop.left / frame.width, crop.top / frame.height];
  const [width, height] = [crop.width / frame.width, crop.height / frame.height];
  return mirror ? [left + width, top, -width, height] : [left, top, width, height];
}
