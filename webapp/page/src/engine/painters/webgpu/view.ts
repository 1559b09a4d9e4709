// The render pass of the GPU painter: the painting over its frame, onto the canvas or into memory.
import { hdrOf } from "../../../hdr";
import type { Frame, Size, View } from "../../../types";
import { frameSize, shownWho } from "../painter";
import { type Source, VIEW_BYTES, type ViewRules, viewShader } from "./shaders";

/** Everywhere the same, so that one pipeline serves the canvas and reading back. */
export const FORMAT: GPUTextureFormat = "rgba8unorm";

/** A frame as shaders take it, good until the end of the task. */
export interface FrameTexture {
  source: Source;
  resource: GPUBindingResource;
}

/**
 * Frames as textures: without a copy where the browser can. HDR goes over a 2D canvas, which brings it to what an ordinary
 * screen shows, as everywhere else on the page: WebGPU knows neither curve and takes the codes for light
 * (findings/chromium-webgpu-takes-hdr-codes-for-light.sh).
 */
export function createFrameTextures(device: GPUDevice) {
  let external = "importExternalTexture" in device;
  let copy: GPUTexture | null = null;
  let pen: OffscreenCanvasRenderingContext2D | null = null; // few clips need it
  let penned: Frame | null = null; // what the canvas shows: a frame is asked for more than once
  const ordinary = (frame: VideoFrame): OffscreenCanvas => {
    const { width, height } = frameSize(frame);
    pen ??= new OffscreenCanvas(width, height).getContext("2d", { alpha: false })!;
    const { canvas } = pen;
    if (penned === frame) return canvas;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    pen.drawImage(frame, 0, 0, width, height);
    penned = frame;
    return canvas;
  };
  const copied = (frame: Frame | OffscreenCanvas): FrameTexture => {
    const { width, height } = frameSize(frame);
    if (copy?.width !== width || copy.height !== height) {
      copy?.destroy();
      const usage = GPUTextureUsage.TEXTURE_BINDING | GPUTextureUsage.COPY_DST | GPUTextureUsage.RENDER_ATTACHMENT;
      copy = device.createTexture({ size: [width, height], format: FORMAT, usage });
    }
    device.queue.copyExternalImageToTexture({ source: frame }, { texture: copy }, [width, height]);
    return { source: "copy", resource: copy.createView() };
  };
  return {
    of(frame: Frame): FrameTexture {
      if ("timestamp" in frame && hdrOf(frame.colorSpace.transfer)) return copied(ordinary(frame));
      if (external && "timestamp" in frame) {
        try {
          return { source: "external", resource: device.importExternalTexture({ source: frame }) };
        } catch {
          external = false;
        }
      }
      return copied(frame);
    },
  };
}

export type FrameTextures = ReturnType<typeof createFrameTextures>;

export interface Drawn {
  frame: FrameTexture;
  painting: GPUTexture;
  /** The painting of what is behind people, and the lines of their mask, where they are wanted. */
  behind: GPUTexture | null;
  lines: GPUTexture | null;
  /** Of the painting in the frame: see framing.ts. */
  window: number[];
  view: View;
}

export type ViewPass = ReturnType<typeof createViewPass>;

export function createViewPass(device: GPUDevice, sampler: GPUSampler, rules: ViewRules) {
  const uniform = device.createBuffer({ size: VIEW_BYTES, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST });
  const pipelines = new Map<Source, GPURenderPipeline>();
  const pipeline = (source: Source): GPURenderPipeline => {
    let made = pipelines.get(source);
    if (!made) {
      const module = device.createShaderModule({ code: viewShader(source, rules) });
      made = device.createRenderPipeline({
        layout: "auto",
        vertex: { module },
        fragment: { module, targets: [{ format: FORMAT }] },
      });
      pipelines.set(source, made);
    }
    return made;
  };

  /** Draws into a texture of the canvas's format. */
  const draw = (
    target: GPUTexture,
    { frame, painting, behind, lines, window, view }: Drawn,
    commands = device.createCommandEncoder(),
  ) => {
    const data = new ArrayBuffer(VIEW_BYTES);
    new Float32Array(data).set([view.strength, view.split ?? -1]);
    new Uint32Array(data, 8).set([Number(view.keepColors), shownWho(view.who, lines !== null, behind !== null)]);
    new Float32Array(data, 16).set(window);
    device.queue.writeBuffer(uniform, 0, data);
    const used = pipeline(frame.source);
    // What there is not is not looked at, but something has to be bound.
    const others = [behind ?? painting, lines ?? painting].map((texture) => texture.createView());
    const resources = [frame.resource, sampler, painting.createView(), { buffer: uniform }, ...others];
    const entries = resources.map((resource, binding) => ({ binding, resource }));
    const pass = commands.beginRenderPass({
      colorAttachments: [{ view: target.createView(), loadOp: "clear", storeOp: "store" }],
    });
    pass.setPipeline(used);
    pass.setBindGroup(0, device.createBindGroup({ layout: used.getBindGroupLayout(0), entries }));
    pass.draw(3);
    pass.end();
    return commands;
  };
  return {
    show: (target: GPUTexture, drawn: Drawn) => device.queue.submit([draw(target, drawn).finish()]),
    /** The same as RGBA bytes. */
    async read({ width, height }: Size, drawn: Drawn): Promise<Uint8ClampedArray<ArrayBuffer>> {
      const texture = device.createTexture({
        size: [width, height],
        format: FORMAT,
        usage: GPUTextureUsage.RENDER_ATTACHMENT | GPUTextureUsage.COPY_SRC,
      });
      const bytesPerRow = Math.ceil((4 * width) / 256) * 256;
      const buffer = device.createBuffer({
        size: bytesPerRow * height,
        usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
      });
      const commands = draw(texture, drawn);
      commands.copyTextureToBuffer({ texture }, { buffer, bytesPerRow }, [width, height]);
      device.queue.submit([commands.finish()]);
      await buffer.mapAsync(GPUMapMode.READ);
      const rows = new Uint8Array(buffer.getMappedRange());
      const pixels = new Uint8ClampedArray(4 * width * height);
      for (let y = 0; y < height; y++)
        pixels.set(rows.subarray(y * bytesPerRow, y * bytesPerRow + 4 * width), 4 * width * y);
      buffer.destroy();
      texture.destroy();
      return pixels;
    },
  };
}
