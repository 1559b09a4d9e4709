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

const cores = (): number => navigator.hardwareConcurrency || 1;

/** Whether workers may share memory: under cross-origin isolation, where the browser then gives it (WebKitGTK does not). */
const sharesMemory = (): boolean => Boolean(globalThis.crossOriginIsolated) && "SharedArrayBuffer" in globalThis;

/** Threads of the CPU runtime; more than one only in shared memory. */
export const threads = (): number => (sharesMemory() ? Math.min(4, cores()) : 1);

/** Frames that are painted at once where there are cores for it. */
export const LANES = 2;

/** Threads of each of them: the cores' share of one, as many in all as a single painter would have. */
export const laneThreads = (): number => Math.max(1, Math.floor(threads() / LANES));

/** Whether a core can be given to each of several frames at once. */
export const hasLanes = (): boolean => cores() >= LANES && typeof Worker !== "undefined";

/** A runtime's binary, unpacked, and the address of its code. */
export interface RuntimeFiles {
  binary: ArrayBuffer;
  code: string;
}

let cpu: Promise<Runtime> | null = null;
let gpu: Promise<Runtime> | null = null;

/** Threads for work beside the painting: one core is left to it. */
export const threadsBeside = (): number => (sharesMemory() ? Math.max(1, Math.min(4, cores() - 1)) : 1);

/** The CPU runtime. Throws `Trouble` when it cannot be had. */
export function cpuRuntime(downloads: Downloads, count = threads()): Promise<Runtime> {
  cpu ??= fetchCpuRuntime(downloads).then((files) => startCpuRuntime(files, count));
  cpu.catch(() => (cpu = null));
  return cpu;
}

/** The CPU runtime's files, for this worker or another. Throws `Trouble` when they cannot be had. */
export const fetchCpuRuntime = async (downloads: Downloads): Promise<RuntimeFiles> =>
  fetchFiles("ort-wasm-simd-threaded", await import("onnxruntime-web/wasm"), downloads);

export const startCpuRuntime = async (files: RuntimeFiles, count: number): Promise<Runtime> =>
  prepare(await import("onnxruntime-web/wasm"), files, count);

/** The WebGPU runtime: the small variant where WebAssembly can wait for promises. Throws `Trouble` when it cannot be had. */
export function gpuRuntime(downloads: Downloads): Promise<Runtime> {
  gpu ??=
    "Suspending" in WebAssembly
      ? import("onnxruntime-web/jspi").then((ort) => openGpuRuntime(ort, "ort-wasm-simd-threaded.jspi", downloads))
      : import("onnxruntime-web/webgpu").then((ort) =>
          openGpuRuntime(ort, "ort-wasm-simd-threaded.asyncify", downloads),
        );
  gpu.catch(() => (gpu = null));
  return gpu;
}

const openGpuRuntime = async (ort: Runtime, variant: string, downloads: Downloads): Promise<Runtime> =>
  prepare(ort, await fetchFiles(variant, ort, downloads), 1);

async function fetchFiles(variant: string, ort: Runtime, { base, progress }: Downloads): Promise<RuntimeFiles> {
  const at = new URL(`ort/${variant}`, base).href;
  const wanted = { url: `${at}.wasm.gz`, key: ort.env.versions.web ?? "", bytes: 0 };
  return { binary: await unpack(await download(wanted, checkBinary, progress)), code: `${at}.mjs` };
}

function prepare(ort: Runtime, { binary, code }: RuntimeFiles, numThreads: number): Runtime {
  Object.assign(ort.env.wasm, { wasmBinary: binary, wasmPaths: { mjs: code }, numThreads });
  return ort;
}

/** gzip (1f 8b) or WebAssembly (00 61): anything else is a page of a server that does not have the file. */
async function checkBinary(bytes: ArrayBuffer): Promise<void> {
  const [first, second] = new Uint8Array(bytes, 0, Math.min(2, bytes.byteLength));
  if (!((first === 0x1f && second === 0x8b) || (first === 0 && second === 0x61))) {
    throw new Trouble("The painting runtime arrived damaged; reload the page to download it again.");
  }
}
