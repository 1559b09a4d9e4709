// The painter on the graphics card: frames stay there from the camera to the canvas.
import type { Crop, Frame, View } from "../../../types";
import { type Brush, withBrush } from "../../model/graph-weights";
import { gpuRuntime } from "../../model/runtime";
import { isOutOfMemory, Trouble } from "../../trouble";
import { paddingOf } from "../canvas/pixels";
import { type Framing, wholeFrame } from "../framing";
import { frameSize, type Painter, type PainterOptions, PLAIN_VIEW, shownSize, toVideoFrame } from "../painter";
import { openPlain } from "../sessions";
import { createNetworks } from "../steady";
import { openGpu, renewAfter } from "./device";
import { createGpuPerson } from "./gpu-person";
import { createPictures, destroy, type Picture, type Pictures } from "./pictures";
import { createTensors } from "./tensors";
import { createFrameTextures, createViewPass, type Drawn, FORMAT, type FrameTextures, type ViewPass } from "./view";

/** A graphics card that painted so many frames and is then lost is tried once more. */
const SOUND = 100;

/** Throws `Trouble`, or whatever the browser and the runtime throw when they cannot start. */
export async function openWebGpu(options: PainterOptions): Promise<Painter> {
  const gpu = await openGpu(options.forced);
  const { device } = gpu;
  try {
    const { description } = options.model;
    const file = (role: string) => options.model.file(...(gpu.half ? [`${role}_fp16`] : []), role);
    const steadily = options.stability > 0 && description.state.length > 0;
    file(steadily ? "step" : "frame").catch(() => {}); // both downloads at once; it is asked for again
    const ort = await gpuRuntime(options.downloads);
    const open = async (role: string, brush: Brush) =>
      ort.InferenceSession.create(withBrush(await file(role), brush), {
        executionProviders: [{ name: "webgpu", device }],
        preferredOutputLocation: "gpu-buffer",
      });
    const sampler = device.createSampler({ magFilter: "linear", minFilter: "linear" });
    const tensors = createTensors(device, sampler, paddingOf(description), description.rules.luma);
    const inBuffer = (buffer: GPUBuffer, dims: readonly number[]) =>
      ort.Tensor.fromGpuBuffer(buffer, { dataType: "float32", dims, dispose: () => buffer.destroy() });
    const openNetworks = async () =>
      createNetworks({
        ort,
        plain: await openPlain(open, steadily),
        open,
        state: description.state,
        zeros: (dims) => inBuffer(tensors.zeros(dims), dims),
        copied: ({ gpuBuffer, dims }) => inBuffer(tensors.copied(gpuBuffer as GPUBuffer, dims), dims),
        renewAfter: renewAfter(),
        unsteady: options.unsteady,
      });
    const detail = `${gpu.name}, ${gpu.half && "frame_fp16" in description.files ? "half" : "single"} precision`;
    let painted = 0;
    watch(device, options, () => painted >= SOUND);
    const viewPass = createViewPass(device, sampler, description.rules);
    const canvas = await options.canvas();
    const networks = await openNetworks();
    const person = createGpuPerson(device, sampler, ort, options);
    const frameTextures = createFrameTextures(device);
    return createPainter({
      device,
      detail,
      pictures: createPictures({ ort, networks, openNetworks, person, tensors, frameTextures }),
      frameTextures,
      viewPass,
      canvas,
      drawn(...told) {
        painted++;
        options.drawn(...told);
      },
    });
  } catch (error) {
    device.destroy();
    throw error;
  }
}

/** Tells when the device is lost, or an error turns up that no call has thrown. `sound`: whether it had painted well. */
function watch(device: GPUDevice, options: PainterOptions, sound: () => boolean): void {
  void device.lost.then(({ reason }) => {
    if (reason !== "destroyed") options.failed(new Trouble("The graphics card was lost"), sound());
  });
  device.addEventListener("uncapturederror", ({ error }) => {
    options.failed(
      isOutOfMemory(error.constructor.name) ? new Trouble("The memory of the graphics card is full") : error,
    );
  });
}

interface PainterParts {
  device: GPUDevice;
  detail: string;
  pictures: Pictures;
  frameTextures: FrameTextures;
  viewPass: ViewPass;
  canvas: OffscreenCanvas;
  drawn: PainterOptions["drawn"];
}

function createPainter({
  device,
  detail,
  pictures,
  frameTextures,
  viewPass,
  canvas,
  drawn: told,
}: PainterParts): Painter {
  const context = canvas.getContext("webgpu")!;
  context.configure({ device, format: FORMAT, alphaMode: "opaque" });
  let view: View = PLAIN_VIEW;
  let last: Picture | null = null;

  const framed = (frame: Frame, crop: Crop = wholeFrame(frameSize(frame))): Framing => ({ crop, mirror: view.mirror });
  const drawn = ({ frame, ...made }: Picture, shown = view): Drawn => ({
    ...made,
    frame: frameTextures.of(frame),
    view: shown,
  });
  const keep = (next: Picture): Picture => {
    last?.frame.close();
    if (last) destroy(last, next);
    last = next;
    return next;
  };

  return {
    backend: "webgpu",
    detail,
    setStyle: pictures.setStyle,
    setStability: pictures.setStability,
    setBehind: pictures.setBehind,
    setView(next) {
      view = next;
      if (next.who === "all") pictures.rest();
    },
    async show(frame, size, time, crop) {
      const start = performance.now();
      const framing = framed(frame, crop);
      let now: Picture;
      try {
        now = keep(await pictures.paint({ frame, framing, size, time }, view.who, last));
      } catch (error) {
        frame.close();
        throw error;
      }
      const { width, height } = shownSize(framing.crop);
      if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
      viewPass.show(context.getCurrentTexture(), drawn(now));
      told(canvas, time);
      await device.queue.onSubmittedWorkDone();
      return performance.now() - start;
    },
    refresh() {
      if (!last) return;
      viewPass.show(context.getCurrentTexture(), drawn(last));
      told(canvas, null);
    },
    async paint(frame, size, shown) {
      try {
        const framing = { crop: wholeFrame(frameSize(frame)), mirror: false };
        const painted = await pictures.paint({ frame, framing, size, time: null }, view.who, null);
        const pixels = await viewPass.read(shown, drawn(painted, { ...view, split: null }));
        destroy(painted, null);
        return toVideoFrame(pixels, shown, frame);
      } finally {
        frame.close();
      }
    },
    async values(frame, size, crop) {
      try {
        return await pictures.values({ frame, framing: framed(frame, crop), size, time: null });
      } finally {
        frame.close();
      }
    },
    async snapshot() {
      if (!last) throw new Trouble("There is nothing to save yet.");
      const { width, height } = canvas;
      const image = new ImageData(await viewPass.read(canvas, drawn(last)), width, height);
      const still = new OffscreenCanvas(width, height);
      still.getContext("2d")!.putImageData(image, 0, 0);
      return still.convertToBlob({ type: "image/png" });
    },
    reset: pictures.reset,
    close() {
      last?.frame.close();
      void pictures.release().finally(() => device.destroy());
    },
  };
}
