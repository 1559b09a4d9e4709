// The networks on the processor: pixels in, painted planes out. No canvas is needed, nor a browser.
import type { Tensor } from "onnxruntime-web";

import type { Size } from "../../../types";
import { type Brush, withBrush } from "../../model/graph-weights";
import type { Model } from "../../model/model";
import type { Runtime } from "../../model/runtime";
import { openPlain } from "../sessions";
import { createNetworks, type Moment, type Networks, type Painted } from "../steady";
import type { Values } from "./lanes/messages";
import { padded, paddingOf, toPlanes } from "./pixels";

export interface CpuNetworks extends Omit<Networks, "paint"> {
  /** RGBA bytes of a frame → its painting as planes [3,H',W'] in 0…1, still padded; both are good until the next frame. */
  paint(pixels: Uint8ClampedArray, moment: Moment): Promise<Painted<Float32Array, Values>>;
}

/**
 * `steadily`: the first frame will be painted so. Throws `Trouble`, or whatever the runtime throws when it cannot load a
 * graph.
 */
export async function openCpuNetworks(
  ort: Runtime,
  model: Model,
  unsteady: () => void,
  steadily = false,
): Promise<CpuNetworks> {
  const open = async (role: string, brush: Brush) =>
    ort.InferenceSession.create(withBrush(await model.file(role), brush), { executionProviders: ["wasm"] });
  const padding = paddingOf(model.description);
  const networks = createNetworks({
    ort,
    plain: await openPlain(open, steadily),
    open,
    state: model.description.state,
    zeros: (dims) => new ort.Tensor("float32", new Float32Array(dims.reduce((a, b) => a * b)), dims),
    copied: ({ data, dims }) => new ort.Tensor("float32", (data as Float32Array).slice(), dims),
    unsteady,
  });
  const toTensor = (pixels: Uint8ClampedArray, size: Size) => {
    const { width, height } = padded(size, padding);
    return new ort.Tensor("float32", toPlanes(pixels, size, padding), [1, 3, height, width]);
  };
  const values = ({ data, dims }: Tensor): Values => ({ data: data as Float32Array, dims });
  return {
    ...networks,
    async paint(pixels, moment) {
      const { painted, motion } = await networks.paint(toTensor(pixels, moment.size), moment);
      return {
        painted: painted.data as Float32Array,
        motion: motion && {
          ...motion,
          key_motion: values(motion.key_motion),
          last_key_motion: values(motion.last_key_motion),
        },
      };
    },
  };
}
