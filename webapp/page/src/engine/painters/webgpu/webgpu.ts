// The painter on the graphics card: frames stay there from the camera to the canvas.
import type { Crop, Frame, Size, View } from "../../../types";
import { type Brush, withBrush } from "../../model/graph-weights";
import { gpuRuntime, type Runtime } from "../../model/runtime";
import { isOutOfMemory, Trouble } from "../../trouble";
import { cropPlanes, paddingOf } from "../canvas/pixels";
import { cropWindow, type Framing, wholeFrame } from "../framing";
import { frameSize, type Painter, type PainterOptions, PLAIN_VIEW, shownSize, toVideoFrame } from "../painter";
import { openPlain } from "../sessions";
import { createNetworks, type Networks } from "../steady";
import { openGpu, renewAfter } from "./device";
import { createGpuPerson, type GpuPerson } from "./gpu-person";
import { createTensors, type Tensors } from "./tensors";
import { createFrameTextures, createViewPass, type Drawn, FORMAT, type ViewPass } from "./view";

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
    return createPainter({
      device,
      detail,
      ort,
      networks: await openNetworks(),
      openNetworks,
      person: createGpuPerson(device, sampler, ort, options),
      tensors,
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

/** A frame and its painting, and where the one lies in the other. */
type Painted = { frame: Frame } & Pick<Drawn, "painting" | "behind" | "lines" | "window">;

interface PainterParts {
  device: GPUDevice;
  detail: string;
  ort: Runtime;
  networks: Networks;
  /** Others, with a past of their own, for what is behind people. */
  openNetworks(): Promise<Networks>;
  person: GpuPerson;
  tensors: Tensors;
  viewPass: ViewPass;
  canvas: OffscreenCanvas;
  drawn: PainterOptions["drawn"];
}

function createPainter({
  device,
  detail,
  ort,
  networks,
  openNetworks,
  person,
  tensors,
  viewPass,
  canvas,
  drawn: told,
}: PainterParts): Painter {
  const context = canvas.getContext("webgpu")!;
  context.configure({ device, format: FORMAT, alphaMode: "opaque" });
  const frameTextures = createFrameTextures(device);
  let view: View = PLAIN_VIEW;
  let behind: Promise<Networks> | null = null;
  let behindStyle: [Float32Array, Brush] = [new Float32Array(), {}];
  let stability = 0;
  const openBehind = async () => {
    const opened = await openNetworks();
    opened.setStyle(...behindStyle);
    opened.setStability(stability);
    return opened;
  };
  let last: Painted | null = null;

  /** What of a frame is painted → painted planes on the GPU, [3,H',W'], and how it has moved; good until the next frame. */
  const run = async (frame: Frame, framing: Framing, size: Size, time: number | null, by = networks) => {
    const { planes, padded } = tensors.prepare(frameTextures.of(frame), frameSize(frame), framing, size);
    const input = ort.Tensor.fromGpuBuffer(planes, { dataType: "float32", dims: [1, 3, padded.height, padded.width] });
    const { painted, motion } = await by.paint(input, { size, mirror: framing.mirror, time });
    return { planes: painted.gpuBuffer as GPUBuffer, count: 3 * padded.width * padded.height, motion };
  };
  /** The same as textures, with what else is shown of it: those of `reuse` where they have its sizes. */
  const picture = async (
    frame: Frame,
    framing: Framing,
    size: Size,
    time: number | null,
    reuse: Painted | null,
  ): Promise<Painted> => {
    const { who } = view;
    const { planes, motion } = await run(frame, framing, size, time);
    const painting = tensors.toPicture(planes, size, reuse?.painting ?? null);
    const made: Painted = { frame, painting, behind: null, lines: null, window: cropWindow(frameSize(frame), framing) };
    if (who === "each" && behindStyle[0].length) {
      behind ??= openBehind();
      const { planes } = await run(frame, framing, size, time, await behind);
      made.behind = tensors.toPicture(planes, size, reuse?.behind ?? null);
    }
    if (who === "all") return made;
    const texture = () => frameTextures.of(frame);
    return { ...made, lines: await person.look(frame, texture, framing, time, motion, reuse?.lines ?? null) };
  };
  const framed = (frame: Frame, crop: Crop = wholeFrame(frameSize(frame))): Framing => ({ crop, mirror: view.mirror });
  const drawn = ({ frame, ...made }: Painted, shown = view): Drawn => ({
    ...made,
    frame: frameTextures.of(frame),
    view: shown,
  });
  /** Textures that another does not go on using. */
  const destroy = (old: Painted, next: Painted | null): void => {
    for (const part of ["painting", "behind", "lines"] as const) if (old[part] !== next?.[part]) old[part]?.destroy();
  };
  const keep = (next: Painted): Painted => {
    last?.frame.close();
    if (last) destroy(last, next);
    last = next;
    return next;
  };

  return {
    backend: "webgpu",
    detail,
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
    setView(next) {
      view = next;
      if (next.who === "all") person.rest();
    },
    async show(frame, size, time, crop) {
      const start = performance.now();
      const framing = framed(frame, crop);
      let now: Painted;
      try {
        now = keep(await picture(frame, framing, size, time, last));
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
        const painted = await picture(frame, framing, size, null, null);
        const pixels = await viewPass.read(shown, drawn(painted, { ...view, split: null }));
        destroy(painted, null);
        return toVideoFrame(pixels, shown, frame);
      } finally {
        frame.close();
      }
    },
    async values(frame, size, crop) {
      try {
        const { planes, count } = await run(frame, framed(frame, crop), size, null);
        return cropPlanes(await tensors.read(planes, count), size, tensors.padding);
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
    reset() {
      networks.reset();
      void behind?.then((each) => each.reset());
    },
    close() {
      last?.frame.close();
      const others = [person.release(), behind?.then((each) => each.release())];
      void Promise.allSettled([networks.release(), ...others]).finally(() => device.destroy());
    },
  };
}
