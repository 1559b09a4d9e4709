// What of a frame is painted, as textures on the graphics card: its painting, where it is wanted a second one of what is behind
// people, and the lines of their mask.
import type { Frame, Size, Who } from "../../../types";
import type { Brush } from "../../model/graph-weights";
import type { Runtime } from "../../model/runtime";
import { cropPlanes } from "../canvas/pixels";
import { cropWindow, type Framing } from "../framing";
import { frameSize } from "../painter";
import type { Networks } from "../steady";
import type { GpuPerson } from "./gpu-person";
import type { Tensors } from "./tensors";
import type { Drawn, FrameTextures } from "./view";

/** A frame and what was made of it, and where the one lies in the other. */
export type Picture = { frame: Frame } & Pick<Drawn, "painting" | "behind" | "lines" | "window">;

/** What of a frame is to be painted, and how large. */
export interface Wanted {
  frame: Frame;
  framing: Framing;
  size: Size;
  /** See `Moment`. */
  time: number | null;
}

export interface Pictures {
  setStyle(style: Float32Array, brush: Brush): void;
  setStability(stability: number): void;
  /** The style of what is behind people. */
  setBehind(style: Float32Array, brush: Brush): void;
  /** A picture whose textures are those of `reuse` where they have its sizes. Does not close the frame. */
  paint(wanted: Wanted, who: Who, reuse: Picture | null): Promise<Picture>;
  /** Painted values before they are rounded: RGB planes [3,H,W]. */
  values(wanted: Wanted): Promise<Float32Array>;
  /** Nobody is looked for any more: see `Person.rest`. */
  rest(): void;
  reset(): void;
  release(): Promise<unknown>;
}

export interface PicturesParts {
  ort: Runtime;
  networks: Networks;
  /** Others, with a past of their own, for what is behind people. */
  openNetworks(): Promise<Networks>;
  person: GpuPerson;
  tensors: Tensors;
  frameTextures: FrameTextures;
}

export function createPictures(parts: PicturesParts): Pictures {
  const { ort, networks, openNetworks, person, tensors, frameTextures } = parts;
  let behind: Promise<Networks> | null = null;
  let behindStyle: [Float32Array, Brush] = [new Float32Array(), {}];
  let stability = 0;
  const openBehind = async () => {
    const opened = await openNetworks();
    opened.setStyle(...behindStyle);
    opened.setStability(stability);
    return opened;
  };
  /** Painted planes on the GPU, [3,H',W'], and how the frame has moved; good until the next frame. */
  const run = async ({ frame, framing, size, time }: Wanted, by: Networks) => {
    const { planes, padded } = tensors.prepare(frameTextures.of(frame), frameSize(frame), framing, size);
    const input = ort.Tensor.fromGpuBuffer(planes, { dataType: "float32", dims: [1, 3, padded.height, padded.width] });
    const { painted, motion } = await by.paint(input, { size, mirror: framing.mirror, time });
    return { planes: painted.gpuBuffer as GPUBuffer, count: 3 * padded.width * padded.height, motion };
  };
  return {
    setStyle: networks.setStyle,
    setStability(next) {
      stability = next;
      networks.setStability(next);
      void behind?.then((each) => each.setStability(next));
    },
    setBehind(...next) {
      behindStyle = next;
      void behind?.then((each) => each.setStyle(...next));
    },
    async paint(wanted, who, reuse) {
      const { frame, framing, size, time } = wanted;
      const { planes, motion } = await run(wanted, networks);
      const painting = tensors.toPicture(planes, size, reuse?.painting ?? null);
      const made: Picture = {
        frame,
        painting,
        behind: null,
        lines: null,
        window: cropWindow(frameSize(frame), framing),
      };
      if (who === "each" && behindStyle[0].length) {
        behind ??= openBehind();
        const { planes } = await run(wanted, await behind);
        made.behind = tensors.toPicture(planes, size, reuse?.behind ?? null);
      }
      if (who === "all") return made;
      const texture = () => frameTextures.of(frame);
      return { ...made, lines: await person.look(frame, texture, framing, time, motion, reuse?.lines ?? null) };
    },
    async values(wanted) {
      const { planes, count } = await run(wanted, networks);
      return cropPlanes(await tensors.read(planes, count), wanted.size, tensors.padding);
    },
    rest: person.rest,
    reset() {
      networks.reset();
      void behind?.then((each) => each.reset());
    },
    release: () => Promise.allSettled([networks.release(), person.release(), behind?.then((each) => each.release())]),
  };
}

/** Destroys the textures that another picture does not go on using. */
export function destroy(old: Picture, next: Picture | null): void {
  for (const part of ["painting", "behind", "lines"] as const) if (old[part] !== next?.[part]) old[part]?.destroy();
}
