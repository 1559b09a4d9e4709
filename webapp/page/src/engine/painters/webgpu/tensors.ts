// The compute passes of the GPU painter: frame → network input, network output → picture. Buffers are kept per size.
import type { Rules, Size } from "../../../types";
import { type Padding, padded } from "../canvas/pixels";
import { cropWindow, type Framing } from "../framing";
import { LINES_SHADER, PARAMETER_BYTES, pictureShader, prepareShader, type Source } from "./shaders";
import type { FrameTexture } from "./view";
import { FORMAT } from "./view";

/** What one working size needs. */
interface Buffers {
  size: Size;
  /** Planes [3,H',W'], float32. */
  planes: GPUBuffer;
  /** What the shaders are told of it, see `PARAMETERS` in shaders.ts. */
  parameters: GPUBuffer;
}

/** More samples for each pixel than this cost more than they show. */
const TAPS = 4;

export type Tensors = ReturnType<typeof createTensors>;

export function createTensors(device: GPUDevice, sampler: GPUSampler, padding: Padding, luma: Rules["luma"]) {
  const pipelines = new Map<Source, GPUComputePipeline>();
  const make = (code: string) =>
    device.createComputePipeline({ layout: "auto", compute: { module: device.createShaderModule({ code }) } });
  const toPicture = make(pictureShader(luma));
  let toLines: GPUComputePipeline | null = null;
  let buffers: Buffers | null = null;
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;

  const buffersFor = (size: Size): Buffers => {
    if (buffers?.size.width === size.width && buffers.size.height === size.height) return buffers;
    buffers?.planes.destroy();
    buffers?.parameters.destroy();
    const { width, height } = padded(size, padding);
    buffers = {
      size,
      planes: device.createBuffer({ size: 12 * width * height, usage }),
      parameters: device.createBuffer({
        size: PARAMETER_BYTES,
        usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
      }),
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
    padding,
    /** Writes what is painted of a frame of `from` pixels as planes; the buffer stays ours, good until the next frame. */
    prepare(frame: FrameTexture, from: Size, framing: Framing, size: Size): { planes: GPUBuffer; padded: Size } {
      const { planes, parameters } = buffersFor(size);
      const to = padded(size, padding);
      const scales = [framing.crop.width / size.width, framing.crop.height / size.height];
      const taps = scales.map((scale) => Math.min(TAPS, Math.max(1, Math.ceil(scale))));
      const told = new ArrayBuffer(PARAMETER_BYTES);
      new Uint32Array(told).set([size.width, size.height, to.width, to.height, ...taps, padding.multiple]);
      new Float32Array(told, 32).set(cropWindow(from, framing));
      device.queue.writeBuffer(parameters, 0, told);
      if (!pipelines.has(frame.source)) pipelines.set(frame.source, make(prepareShader(frame.source)));
      compute(pipelines.get(frame.source)!, [frame.resource, sampler, { buffer: planes }, { buffer: parameters }], to);
      return { planes, padded: to };
    },
    /** Zeros in a buffer of their own, which is how WebGPU makes buffers. */
    zeros: (dims: number[]): GPUBuffer => device.createBuffer({ size: 4 * dims.reduce((a, b) => a * b), usage }),
    /** A copy of a buffer that holds values of these dimensions. */
    copied(buffer: GPUBuffer, dims: readonly number[]): GPUBuffer {
      const size = 4 * dims.reduce((a, b) => a * b);
      const copy = device.createBuffer({ size, usage });
      const commands = device.createCommandEncoder();
      commands.copyBufferToBuffer(buffer, 0, copy, 0, size);
      device.queue.submit([commands.finish()]);
      return copy;
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
    /** Lines of a mask [2,h,w] as a texture: `reuse` if it has their size, else a new one. */
    toLines(buffer: GPUBuffer, { width, height }: Size, reuse: GPUTexture | null): GPUTexture {
      const usage = GPUTextureUsage.STORAGE_BINDING | GPUTextureUsage.TEXTURE_BINDING;
      const fits = reuse?.width === width && reuse.height === height;
      const texture = fits ? reuse : device.createTexture({ size: [width, height], format: "rgba16float", usage });
      toLines ??= make(LINES_SHADER);
      compute(toLines, [{ buffer }, texture.createView()], { width, height });
      return texture;
    },
    /** Painted planes [3,H',W'] of the frame prepared last as a texture: `reuse` if it has its size, else a new one. */
    toPicture(planes: GPUBuffer, { width, height }: Size, reuse: GPUTexture | null): GPUTexture {
      const usage = GPUTextureUsage.STORAGE_BINDING | GPUTextureUsage.TEXTURE_BINDING;
      const fits = reuse?.width === width && reuse.height === height;
      const painting = fits ? reuse : device.createTexture({ size: [width, height], format: FORMAT, usage });
      const { parameters, planes: frame } = buffersFor({ width, height });
      const resources = [{ buffer: planes }, painting.createView(), { buffer: parameters }, { buffer: frame }];
      compute(toPicture, resources, { width, height });
      return painting;
    },
  };
}
