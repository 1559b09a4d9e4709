// The compute passes of the GPU painter: frame → network input, network output → picture. Buffers are kept per size.
import type { Size } from "../../../types";
import { padded } from "../canvas/pixels";
import { cropWindow, type Framing } from "../framing";
import { JOB_BYTES, pictureShader, prepareShader, type Source } from "./shaders";
import type { FrameTexture } from "./view";
import { FORMAT } from "./view";

/** What one working size needs. */
interface Buffers {
  size: Size;
  /** Planes [3,H',W'], float32. */
  planes: GPUBuffer;
  job: GPUBuffer;
}

/** More samples for each pixel than this cost more than they show. */
const TAPS = 4;

export type Tensors = ReturnType<typeof createTensors>;

export function createTensors(device: GPUDevice, sampler: GPUSampler, multiple: number) {
  const pipelines = new Map<Source, GPUComputePipeline>();
  const make = (code: string) =>
    device.createComputePipeline({ layout: "auto", compute: { module: device.createShaderModule({ code }) } });
  const toPicture = make(pictureShader);
  let buffers: Buffers | null = null;
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;

  const buffersFor = (size: Size): Buffers => {
    if (buffers?.size.width === size.width && buffers.size.height === size.height) return buffers;
    buffers?.planes.destroy();
    buffers?.job.destroy();
    const { width, height } = padded(size, multiple);
    buffers = {
      size,
      planes: device.createBuffer({ size: 12 * width * height, usage }),
      job: device.createBuffer({ size: JOB_BYTES, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST }),
    };
    return buffers;
  };
  const compute = (pipeline: GPUComputePipeline, resources: GPUBindingResource[], { width, height }: Size) => {
    const entries = resources.map((resource, binding) => ({ binding, resource }));
    const commands = device.createCommandEncoder();
    const pass = commands.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
    pass.dispatchWorkgroups(Math.ceil(width / 8), Math.ceil(height / 8));
    pass.end();
    device.queue.submit([commands.finish()]);
  };
  return {
    multiple,
    /** Writes what is painted of a frame of `from` pixels as planes; the buffer stays ours, good until the next frame. */
    prepare(camera: FrameTexture, from: Size, framing: Framing, size: Size): { planes: GPUBuffer; padded: Size } {
      const { planes, job } = buffersFor(size);
      const to = padded(size, multiple);
      const scales = [framing.crop.width / size.width, framing.crop.height / size.height];
      const taps = scales.map((scale) => Math.min(TAPS, Math.max(1, Math.ceil(scale))));
      const told = new ArrayBuffer(JOB_BYTES);
      new Uint32Array(told).set([size.width, size.height, to.width, to.height, ...taps, multiple]);
      new Float32Array(told, 32).set(cropWindow(from, framing));
      device.queue.writeBuffer(job, 0, told);
      if (!pipelines.has(camera.source)) pipelines.set(camera.source, make(prepareShader(camera.source)));
      compute(pipelines.get(camera.source)!, [camera.resource, sampler, { buffer: planes }, { buffer: job }], to);
      return { planes, padded: to };
    },
    /** Values in a buffer of their own. */
    upload(values: Float32Array): GPUBuffer {
      const buffer = device.createBuffer({ size: values.byteLength, usage });
      device.queue.writeBuffer(buffer, 0, values as Float32Array<ArrayBuffer>);
      return buffer;
    },
    /** So many values of a buffer. */
    async read(buffer: GPUBuffer, count: number): Promise<Float32Array> {
      const copy = device.createBuffer({ size: 4 * count, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
      const commands = device.createCommandEncoder();
      commands.copyBufferToBuffer(buffer, 0, copy, 0, 4 * count);
      device.queue.submit([commands.finish()]);
      await copy.mapAsync(GPUMapMode.READ);
      const values = new Float32Array(copy.getMappedRange().slice(0));
      copy.destroy();
      return values;
    },
    /** Painted planes [3,H',W'] of `size` as a texture: `reuse` if it has that size, else a new one. */
    toPicture(planes: GPUBuffer, { width, height }: Size, reuse: GPUTexture | null): GPUTexture {
      const usage = GPUTextureUsage.STORAGE_BINDING | GPUTextureUsage.TEXTURE_BINDING;
      const fits = reuse?.width === width && reuse.height === height;
      const painting = fits ? reuse : device.createTexture({ size: [width, height], format: FORMAT, usage });
      compute(toPicture, [{ buffer: planes }, painting.createView(), { buffer: buffersFor({ width, height }).job }], {
        width,
        height,
      });
      return painting;
    },
  };
}
