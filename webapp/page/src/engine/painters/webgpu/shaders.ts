// WGSL of the GPU painter. The frame is an external texture where the browser has them, else a copy.
import { LUMA } from "../canvas/pixels";

/** How a shader reads the frame. */
export type Source = "external" | "copy";

const CAMERA: Record<Source, string> = {
  external: `
@group(0) @binding(0) var camera: texture_external;
fn frame_at(uv: vec2f) -> vec3f { return textureSampleBaseClampToEdge(camera, smooth_, uv).rgb; }`,
  copy: `
@group(0) @binding(0) var camera: texture_2d<f32>;
fn frame_at(uv: vec2f) -> vec3f { return textureSampleLevel(camera, smooth_, uv, 0.0).rgb; }`,
};

/** What the compute passes are told: sizes in pixels, and where the painting lies in the frame (framing.ts). */
const JOB = `
struct Job { size: vec2u, padded: vec2u, taps: vec2u, multiple: u32, origin: vec2f, span: vec2f }`;
export const JOB_BYTES = 48;

/** Frame → planes [3,H',W'] in 0…1: cropped, mirrored and scaled to `size`, padded right and below by reflection. */
export const prepareShader = (source: Source): string => `
${CAMERA[source]}
@group(0) @binding(1) var smooth_: sampler;
@group(0) @binding(2) var<storage, read_write> planes: array<f32>;
${JOB}
@group(0) @binding(3) var<uniform> job: Job;

fn reflected(i: vec2u, n: vec2u) -> vec2u {
  let at = i % (2u * n);
  return select(2u * n - 1u - at, at, at < n);
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (any(id.xy >= job.padded)) { return; }
  let first = (job.size + job.multiple - 1u) / job.multiple * job.multiple;
  let at = vec2f(reflected(reflected(id.xy, first), job.size));
  var sum = vec3f(0.0); // the mean of the pixel's area
  for (var y = 0u; y < job.taps.y; y++) {
    for (var x = 0u; x < job.taps.x; x++) {
      let position = (at + (vec2f(vec2u(x, y)) + 0.5) / vec2f(job.taps)) / vec2f(job.size);
      sum += frame_at(job.origin + position * job.span);
    }
  }
  let rgb = sum / f32(job.taps.x * job.taps.y);
  let area = job.padded.x * job.padded.y;
  let to = id.y * job.padded.x + id.x;
  planes[to] = rgb.r;
  planes[to + area] = rgb.g;
  planes[to + 2u * area] = rgb.b;
}`;

/** Painted planes [3,H',W'] → an 8-bit texture of H × W, without the padding. */
export const pictureShader = `
@group(0) @binding(0) var<storage, read> planes: array<f32>;
@group(0) @binding(1) var painting: texture_storage_2d<rgba8unorm, write>;
${JOB}
@group(0) @binding(2) var<uniform> job: Job;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (any(id.xy >= textureDimensions(painting))) { return; }
  let area = job.padded.x * job.padded.y;
  let at = id.y * job.padded.x + id.x;
  textureStore(painting, id.xy, vec4f(planes[at], planes[at + area], planes[at + 2u * area], 1.0));
}`;

export const VIEW_BYTES = 32;

/** The painting over its frame: the same as in compositor.ts. */
export const viewShader = (source: Source): string => `
${CAMERA[source]}
@group(0) @binding(1) var smooth_: sampler;
@group(0) @binding(2) var painting: texture_2d<f32>;
struct View { strength: f32, split: f32, keep_colors: u32, origin: vec2f, span: vec2f }
@group(0) @binding(3) var<uniform> view: View;

struct Corner { @builtin(position) position: vec4f, @location(0) at: vec2f }

@vertex
fn corners(@builtin(vertex_index) i: u32) -> Corner {
  let corner = vec2f(select(-1.0, 3.0, i == 1u), select(-1.0, 3.0, i == 2u)); // one triangle over everything
  return Corner(vec4f(corner, 0.0, 1.0), vec2f(corner.x, -corner.y) * 0.5 + 0.5);
}

// Catmull-Rom upscaling: the four taps of each axis in three, the middle two by the linear filter.
fn upscaled(uv: vec2f) -> vec3f {
  let size = vec2f(textureDimensions(painting));
  let p = uv * size;
  let centre = floor(p - 0.5) + 0.5;
  let f = p - centre;
  let w1 = 1.0 + f * f * (1.5 * f - 2.5);
  let w2 = f * (0.5 + f * (2.0 - 1.5 * f));
  var w = array<vec2f, 3>(f * (-0.5 + f * (1.0 - 0.5 * f)), w1 + w2, f * f * (0.5 * f - 0.5));
  var x = array<vec2f, 3>((centre - 1.0) / size, (centre + w2 / (w1 + w2)) / size, (centre + 2.0) / size);
  var sum = vec3f(0.0);
  for (var i = 0; i < 3; i++) {
    for (var j = 0; j < 3; j++) {
      sum += w[i].x * w[j].y * textureSampleLevel(painting, smooth_, vec2f(x[i].x, x[j].y), 0.0).rgb;
    }
  }
  return clamp(sum, vec3f(0.0), vec3f(1.0));
}

@fragment
fn main(corner: Corner) -> @location(0) vec4f {
  let at = corner.at;
  let frame = frame_at(view.origin + at * view.span);
  var painted = upscaled(at);
  if (view.keep_colors == 1u) { // replacing Y in YCbCr adds the same difference to R, G and B
    painted = clamp(frame + dot(vec3f(${LUMA.join(", ")}), painted - frame), vec3f(0.0), vec3f(1.0));
  }
  return vec4f(mix(frame, painted, select(view.strength, 0.0, at.x < view.split)), 1.0);
}`;
