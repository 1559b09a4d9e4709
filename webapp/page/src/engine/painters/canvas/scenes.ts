// Where what is shown is cut: a frame that has nothing to do with the one before. `Scenes` in export/runtime/scenes.py
// finds the same.
import type { Size } from "../../../types";
import type { CpuNetworks } from "./cpu";

/** Width and height of what is compared of a frame, small enough for motion to change little. */
const [ACROSS, DOWN] = [32, 18];
/** Mean difference of two frames, in 0…255, from which on the second may be another scene's. */
const CUT = 46;
/** Times the difference before: a fast pan begins and ends more slowly. */
const SUDDEN = 2.5;

/** `begins(pixels, size)`: whether a frame (RGBA) is the first after a cut; to be asked for every frame, in order. */
export function createScenes() {
  let before: Float32Array | null = null;
  let last: number | null = null; // difference of the two frames before, both of one scene
  return {
    begins(pixels: Uint8ClampedArray, size: Size): boolean {
      const now = thumbnail(pixels, size);
      const compared = before;
      before = now;
      if (!compared) return false;
      const difference = now.reduce((sum, level, i) => sum + Math.abs(level - compared[i]), 0) / now.length;
      const cut = last !== null && difference > Math.max(CUT, SUDDEN * last);
      last = cut ? null : difference;
      return cut;
    },
    /** The next frame is the first there is. */
    reset(): void {
      [before, last] = [null, null];
    },
  };
}

/** The same networks, which begin anew at cuts. */
export function withScenes(networks: CpuNetworks): CpuNetworks {
  const scenes = createScenes();
  return {
    ...networks,
    paint(pixels, moment) {
      if (scenes.begins(pixels, moment.size)) networks.reset();
      return networks.paint(pixels, moment);
    },
    reset() {
      scenes.reset();
      networks.reset();
    },
  };
}

/** The means of R, G and B in 32×18 parts of a frame, of every second pixel across and down. */
function thumbnail(pixels: Uint8ClampedArray, { width, height }: Size): Float32Array {
  const means = new Float32Array(3 * ACROSS * DOWN);
  const part = (i: number, parts: number, whole: number): [number, number] => {
    const from = Math.floor((i * whole) / parts);
    return [from, Math.max(from + 1, Math.floor(((i + 1) * whole) / parts))];
  };
  for (let down = 0; down < DOWN; down++) {
    const [top, bottom] = part(down, DOWN, height);
    for (let across = 0; across < ACROSS; across++) {
      const [left, right] = part(across, ACROSS, width);
      let [red, green, blue, count] = [0, 0, 0, 0];
      for (let y = top; y < bottom; y += 2)
        for (let at = 4 * (y * width + left), end = 4 * (y * width + right); at < end; at += 8) {
          red += pixels[at];
          green += pixels[at + 1];
          blue += pixels[at + 2];
          count++;
        }
      means.set([red / count, green / count, blue / count], 3 * (down * ACROSS + across));
    }
  }
  return means;
}
