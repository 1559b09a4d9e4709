// The painter on the graphics card: frames stay there from the camera to the canvas.
import type { Frame, Size, View } from "../types";
import { openGpu } from "./gpu_device";
import { createTensors } from "./gpu_tensors";
import { type Drawn, FORMAT, createCameras, createViewPass } from "./gpu_view";
import { type Opening, type Painter, frameSize, shownSize, toVideoFrame } from "./painter";
import { cropPlanes } from "./pixels";
import { type Runtime, type Session, gpuRuntime } from "./runtime";
import { Trouble, isOutOfMemory } from "./trouble";

/** Throws `Trouble`, or whatever the browser and the runtime throw when they cannot start. */
export async function openWebGpu(opening: Opening): Promise<Painter> {
  const gpu = await openGpu(opening.forced);
  const { device } = gpu;
  try {
    const [ort, graph] = await Promise.all([gpuRuntime(opening.place), opening.model.file(...(gpu.half ? ["frame_fp16"] : []), "frame")]);
    const session = await ort.InferenceSession.create(graph, {
      executionProviders: [{ name: "webgpu", device }],
      preferredOutputLocation: "gpu-buffer",
    });
    const detail = `${gpu.name}, ${gpu.half && "frame_fp16" in opening.model.description.files ? "half" : "single"} precision`;
    watch(device, opening);
    return createPainter(device, detail, ort, session, await opening.canvas(), opening.model.description.multiple);
  } catch (error) {
    device.destroy();
    throw error;
  }
}

/** Tells when the device is lost, or an error turns up that no call has thrown. */
function watch(device: GPUDevice, opening: Opening): void {
  void device.lost.then(({ reason }) => {
    if (reason !== "destroyed") opening.failed(new Trouble("The graphics card was lost"));
  });
  device.addEventListener("uncapturederror", ({ error }) => {
    opening.failed(isOutOfMemory(error.constructor.name) ? new Trouble("The memory of the graphics card is full") : error);
  });
}

function createPainter(device: GPUDevice, detail: string, ort: Runtime, session: Session, canvas: OffscreenCanvas, multiple: number): Painter {
  const context = canvas.getContext("webgpu")!;
  context.configure({ device, format: FORMAT, alphaMode: "opaque" });
  const sampler = device.createSampler({ magFilter: "linear", minFilter: "linear" });
  const cameras = createCameras(device);
  const tensors = createTensors(device, sampler, multiple);
  const viewPass = createViewPass(device, sampler);
  let view: View = { strength: 1, keepColors: false, mirror: false, split: null };
  let style = new ort.Tensor("float32", new Float32Array(), [0]);
  let last: { frame: Frame; painting: GPUTexture } | null = null;

  /** Frame → painted tensor on the GPU, [1,3,H',W']; whoever receives it disposes of it. */
  const run = async (frame: Frame, size: Size) => {
    const { planes, padded } = tensors.prepare(cameras.of(frame), frameSize(frame), size);
    const input = ort.Tensor.fromGpuBuffer(planes, { dataType: "float32", dims: [1, 3, padded.height, padded.width] });
    return (await session.run({ frame: input, style })).painted!;
  };
  const picture = async (frame: Frame, size: Size, reuse: GPUTexture | null): Promise<GPUTexture> => {
    const painted = await run(frame, size);
    const texture = tensors.toPicture(painted.gpuBuffer as GPUBuffer, size, reuse);
    painted.dispose();
    return texture;
  };
  const drawn = (shown: View): Drawn | null => last && { camera: cameras.of(last.frame), painting: last.painting, view: shown };
  const keep = (frame: Frame, painting: GPUTexture) => {
    last?.frame.close();
    if (last?.painting !== painting) last?.painting.destroy();
    last = { frame, painting };
  };

  return {
    backend: "webgpu",
    detail,
    setStyle: (s) => (style = new ort.Tensor("float32", s, [1, s.length])),
    setView: (next) => (view = next),
    async show(frame, size) {
      const start = performance.now();
      try {
        keep(frame, await picture(frame, size, last?.painting ?? null));
      } catch (error) {
        frame.close();
        throw error;
      }
      const { width, height } = shownSize(frame);
      if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
      viewPass.show(context.getCurrentTexture(), drawn(view)!);
      await device.queue.onSubmittedWorkDone();
      return performance.now() - start;
    },
    refresh() {
      const now = drawn(view);
      if (now) viewPass.show(context.getCurrentTexture(), now);
    },
    async paint(frame, size) {
      try {
        const painting = await picture(frame, size, null);
        const plain = { ...view, mirror: false, split: null };
        const pixels = await viewPass.read(size, { camera: cameras.of(frame), painting, view: plain });
        painting.destroy();
        return toVideoFrame(pixels, size, frame);
      } finally {
        frame.close();
      }
    },
    async values(frame, size) {
      try {
        const painted = await run(frame, size);
        return cropPlanes((await painted.getData(true)) as Float32Array, size, multiple);
      } finally {
        frame.close();
      }
    },
    async snapshot() {
      const now = drawn(view);
      if (!now) throw new Trouble("There is nothing to save yet.");
      const { width, height } = canvas;
      const image = new ImageData(await viewPass.read(canvas, now), width, height);
      const still = new OffscreenCanvas(width, height);
      still.getContext("2d")!.putImageData(image, 0, 0);
      return still.convertToBlob({ type: "image/png" });
    },
    reset() {},
    close() {
      last?.frame.close();
      void session.release().finally(() => device.destroy());
    },
  };
}
