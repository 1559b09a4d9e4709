// The graphics card: whether it will do, and a device of our own on it.
import { Trouble } from "../../trouble";

export interface Gpu {
  device: GPUDevice;
  /** Its name in a few words. */
  name: string;
  /** Half-precision graphs run. */
  half: boolean;
}

/** Limits that ONNX Runtime's shaders want as high as they go. */
const LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupSizeZ",
] as const;

/** Throws `Trouble` without WebGPU; a GPU made of software only counts when it is asked for by hand. */
export async function openGpu(softwareToo: boolean): Promise<Gpu> {
  if (!navigator.gpu) throw new Trouble("This browser has no WebGPU");
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" }).catch(() => null);
  if (!adapter) throw new Trouble("WebGPU finds no graphics card here");
  const { info } = adapter;
  if (!softwareToo && isSoftware(info)) throw new Trouble("WebGPU runs in software here, which is slow");
  const half = adapter.features.has("shader-f16");
  const wanted = ["shader-f16", "subgroups"] as GPUFeatureName[];
  const device = await adapter.requestDevice({
    requiredFeatures: wanted.filter((feature) => adapter.features.has(feature)),
    requiredLimits: Object.fromEntries(LIMITS.map((limit) => [limit, adapter.limits[limit]])),
  });
  const name = info.description || [info.vendor, info.architecture].filter(Boolean).join(" ") || "graphics card";
  return { device, name, half };
}

/**
 * Runs after which WebKit gets a fresh session: on iOS it dies after some five hundred (ONNX Runtime's issue 27584, open
 * as of version 1.24), and takes the page along.
 */
const RENEW_AFTER = 250;

/** How many runs a session is given here; undefined for as many as there are. */
export const renewAfter = (): number | undefined => (isWebKit(navigator.userAgent) ? RENEW_AFTER : undefined);

/** Whether the browser is made of WebKit, as every browser on iOS is. */
export const isWebKit = (userAgent: string): boolean =>
  /AppleWebKit/.test(userAgent) && !/Chrome|Chromium/.test(userAgent);

/** Whether an adapter computes on the processor. */
export function isSoftware(
  info: Pick<GPUAdapterInfo, "vendor" | "architecture" | "description"> & { isFallbackAdapter?: boolean },
): boolean {
  return (
    Boolean(info.isFallbackAdapter) ||
    /swiftshader|llvmpipe|lavapipe|software|basic render/i.test(
      `${info.vendor} ${info.architecture} ${info.description}`,
    )
  );
}
