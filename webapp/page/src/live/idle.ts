// Tells a scene that stands still: then the last painting can stay; and one that has just begun.
import { createScenes } from "../engine/painters/canvas/scenes";

/** Side of the thumbnail, pixels. */
const SIDE = 48;
/** Mean difference of its bytes, of 255, that is only the camera's noise; and the largest of a single pixel's. */
const [MEAN, PEAK] = [0.5, 6];
/** A painting is at most this old, milliseconds. */
const OLDEST = 500;
/** So many paintings of a still scene and the steady painting has settled: what is left of the first is under 1 %. */
const SETTLED = 8;

/** Whether two thumbnails (RGBA bytes) show the same scene. */
export function alike(a: Uint8ClampedArray, b: Uint8ClampedArray): boolean {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i]);
    if (difference > PEAK) return false;
    sum += difference;
  }
  return sum / (0.75 * a.length) < MEAN; // the fourth byte never differs
}

export interface Idle {
  /** Whether the present picture need not be painted. */
  isIdle(now: number): boolean;
  /** Whether the picture asked about last is the first after a cut; to be asked before each that is painted. */
  begins(): boolean;
  /** The picture asked about last is being painted. */
  painting(now: number): void;
  /** The next picture must be painted. */
  wake(): void;
}

export function createIdle(source: CanvasImageSource): Idle {
  const canvas = new OffscreenCanvas(SIDE, SIDE);
  const context = canvas.getContext("2d", { willReadFrequently: true, alpha: false })!;
  context.imageSmoothingQuality = "medium";
  const scenes = createScenes();
  let present: Uint8ClampedArray | null = null;
  let painted: Uint8ClampedArray | null = null;
  let at = 0;
  let paintings = 0;
  return {
    isIdle(now) {
      context.drawImage(source, 0, 0, SIDE, SIDE);
      present = context.getImageData(0, 0, SIDE, SIDE).data;
      if (painted === null || !alike(present, painted)) paintings = 0;
      return paintings >= SETTLED && now - at < OLDEST;
    },
    begins: () => present !== null && scenes.begins(present, { width: SIDE, height: SIDE }),
    painting(now) {
      [painted, at] = [present, now];
      paintings++;
    },
    wake() {
      paintings = 0;
    },
  };
}
