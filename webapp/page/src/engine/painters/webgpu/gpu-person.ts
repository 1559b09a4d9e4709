// People in frames, found on the graphics card: the mask never leaves it, but for being asked now and then whether it is empty.
import type { Tensor } from "onnxruntime-web";

import type { Frame } from "../../../types";
import { pictureSize } from "../../model/person";
import type { Runtime } from "../../model/runtime";
import type { Framing } from "../framing";
import { frameSize, type PainterOptions } from "../painter";
import { createPerson } from "../person";
import type { Motion } from "../steady";
import { renewAfter } from "./device";
import { createTensors } from "./tensors";
import type { FrameTexture } from "./view";

export interface GpuPerson {
  /**
   * The lines of the mask of what the framing shows of a frame as a texture, `reuse` if it has their size; null where
   * people cannot be found. `texture`: the frame as shaders take it. `time`: see `Moment`. `motion`: how it has moved.
   */
  look(
    frame: Frame,
    texture: () => FrameTexture,
    framing: Framing,
    time: number | null,
    motion: Motion<Tensor> | null,
    reuse: GPUTexture | null,
  ): Promise<GPUTexture | null>;
  /** See `Person.rest`. */
  rest(): void;
  release(): Promise<void>;
}

/** Nothing is fetched before the first look. */
export function createGpuPerson(
  device: GPUDevice,
  sampler: GPUSampler,
  ort: Runtime,
  options: PainterOptions,
): GpuPerson {
  const { person: rules, luma } = options.model.description.rules;
  const padding = { multiple: rules.multiple, least: rules.multiple };
  const tensors = createTensors(device, sampler, padding, luma);
  const person = createPerson({
    ort,
    open: async (graph) =>
      ort.InferenceSession.create(await options.person(graph), {
        executionProviders: [{ name: "webgpu", device }],
        preferredOutputLocation: "gpu-buffer",
      }),
    rules,
    zeros(dims) {
      const buffer = tensors.zeros(dims);
      return ort.Tensor.fromGpuBuffer(buffer, { dataType: "float32", dims, dispose: () => buffer.destroy() });
    },
    read: ({ gpuBuffer, dims }) => tensors.read(gpuBuffer as GPUBuffer, dims[2] * dims[3]),
    renewAfter: renewAfter(),
    found: options.personFound,
    trouble: options.trouble,
  });
  return {
    async look(frame, texture, framing, time, motion, reuse) {
      const size = pictureSize(framing.crop, rules);
      const picture = () => {
        const { planes } = tensors.prepare(texture(), frameSize(frame), framing, size);
        return ort.Tensor.fromGpuBuffer(planes, { dataType: "float32", dims: [1, 3, size.height, size.width] });
      };
      const lines = await person.look({ size, mirror: framing.mirror, time }, picture, motion);
      return lines && tensors.toLines(lines.gpuBuffer as GPUBuffer, size, reuse);
    },
    rest: person.rest,
    release: person.release,
  };
}
