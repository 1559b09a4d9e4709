// ONNX Runtime, in the variant that a painter needs; code and binary are downloaded only when it is used.
import type { InferenceSession } from "onnxruntime-web";
import { Trouble } from "../trouble";
import { type DownloadProgress, download, unpack } from "./download";

export type Runtime = typeof import("onnxruntime-web");
export type Session = InferenceSession;

/** Where the runtimes come from and who is told about downloads. */
export interface Downloads {
  base: string;
  progress: DownloadProgress;
}

/** Threads of the CPU runtime; more than one only under cross-origin isolation. */
export const threads = (): number =>
  globalThis.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency || 1) : 1;

let cpu: Promise<Runtime> | null = null;
let gpu: Promise<Runtime> | null = null;

/** Threads for work beside the painting: one core is left to it. */
export const threadsBeside = (): number =>
  globalThis.crossOriginIsolated ? Math.max(1, Math.min(4, (navigator.hardwareConcurrency || 1) - 1)) : 1;

/** The CPU runtime. Throws `Trouble` when it cannot be had. */
export function cpuRuntime(downloads: Downloads, count = threads()): Promise<Runtime> {
  cpu ??= import("onnxruntime-web/wasm").then((ort) => prepare(ort, "ort-wasm-simd-threaded", count, downloads));
  cpu.catch(() => (cpu = null));
  return cpu;
}

/** The WebGPU runtime: the small variant where WebAssembly can wait for promises. Throws `Trouble` when it cannot be had. */
export function gpuRuntime(downloads: Downloads): Promise<Runtime> {
  gpu ??=
    "Suspending" in WebAssembly
      ? import("onnxruntime-web/jspi").then((ort) => prepare(ort, "ort-wasm-simd-threaded.jspi", 1, downloads))
      : import("onnxruntime-web/webgpu").then((ort) => prepare(ort, "ort-wasm-simd-threaded.asyncify", 1, downloads));
  gpu.catch(() => (gpu = null));
  return gpu;
}

async function prepare(
  ort: Runtime,
  variant: string,
  numThreads: number,
  { base, progress }: Downloads,
): Promise<Runtime> {
  const at = new URL(`ort/${variant}`, base).href;
  const version = ort.env.versions.web ?? "";
  const packed = await download({ url: `${at}.wasm.gz`, key: version, bytes: 0 }, checkBinary, progress);
  ort.env.wasm.wasmBinary = await unpack(packed);
  ort.env.wasm.wasmPaths = { mjs: `${at}.mjs` };
  ort.env.wasm.numThreads = numThreads;
  return ort;
}

/** gzip (1f 8b) or WebAssembly (00 61): anything else is a page of a server that does not have the file. */
async function checkBinary(bytes: ArrayBuffer): Promise<void> {
  const [first, second] = new Uint8Array(bytes, 0, Math.min(2, bytes.byteLength));
  if (!((first === 0x1f && second === 0x8b) || (first === 0 && second === 0x61))) {
    throw new Trouble("The painting runtime arrived damaged; reload the page to download it again.");
  }
}
