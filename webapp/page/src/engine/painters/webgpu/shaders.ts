// WGSL of the GPU painter. The frame is an external texture where the browser has them, else a copy.
import type { Rules } from "../../../types";

/** How a shader reads the frame. */
export type Source = "external" | "copy";

const FRAME: Record<Source, string> = {
  external: `
@group(0) @binding(0) var frame: texture_external;
fn frame_at(uv: vec2f) -> vec3f { return textureSampleBaseClampToEdge(frame, smooth_, uv).rgb; }`,
  copy: `
@group(0) @binding(0) var frame: texture_2d<f32>;
fn frame_at(uv: vec2f) -> vec3f { return textureSampleLevel(frame, smooth_, uv, 0.0).rgb; }`,
};

/** What the compute passes are told: sizes in pixels, and where the painting lies in the frame (framing.ts). */
const PARAMETERS = `
struct Parameters { size: vec2u, padded: vec2u, taps: vec2u, multiple: u32, origin: vec2f, span: vec2f }`;
export const PARAMETER_BYTES = 48;

/** Frame → planes [3,H',W'] in 0…1: cropped, mirrored and scaled to `size`, padded right and below by reflection. */
export const prepareShader = (source: Source): string => `
${FRAME[source]}
@group(0) @binding(1) var smooth_: sampler;
@group(0) @binding(2) var<storage, read_write> planes: array<f32>;
${PARAMETERS}
@group(0) @binding(3) var<uniform> parameters: Parameters;

fn reflected(i: vec2u, n: vec2u) -> vec2u {
  let at = i % (2u * n);
  return select(2u * n - 1u - at, at, at < n);
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (any(id.xy >= parameters.padded)) { return; }
  let first = (parameters.size + parameters.multiple - 1u) / parameters.multiple * parameters.multiple;
  let at = vec2f(reflected(reflected(id.xy, first), parameters.size));
  var sum = vec3f(0.0); // the mean of the pixel's area
  for (var y = 0u; y < parameters.taps.y; y++) {
    for (var x = 0u; x < parameters.taps.x; x++) {
      let position = (at + (vec2f(vec2u(x, y)) + 0.5) / vec2f(parameters.taps)) / vec2f(parameters.size);
      sum += frame_at(parameters.origin + position * parameters.span);
    }
  }
  let rgb = sum / f32(parameters.taps.x * parameters.taps.y);
  let area = parameters.padded.x * parameters.padded.y;
  let to = id.y * parameters.padded.x + id.x;
  planes[to] = rgb.r;
  planes[to + area] = rgb.g;
  planes[to + 2u * area] = rgb.b;
}`;

/**
 * Painted planes [3,H',W'] → an 8-bit texture of H × W, without the padding. Its fourth channel is the luminance of the
 * frame at this size, from its planes. `luma`: the model's weights of R, G and B.
 */
export const pictureShader = (luma: Rules["luma"]): string => `
@group(0) @binding(0) var<storage, read> planes: array<f32>;
@group(0) @binding(1) var painting: texture_storage_2d<rgba8unorm, write>;
${PARAMETERS}
@group(0) @binding(2) var<uniform> parameters: Parameters;
@group(0) @binding(3) var<storage, read> frame: array<f32>;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (any(id.xy >= textureDimensions(painting))) { return; }
  let area = parameters.padded.x * parameters.padded.y;
  let at = id.y * parameters.padded.x + id.x;
  let light = dot(vec3f(${luma.join(", ")}), vec3f(frame[at], frame[at + area], frame[at + 2u * area]));
  textureStore(painting, id.xy, vec4f(planes[at], planes[at + area], planes[at + 2u * area], light));
}`;

/** Lines of a mask [2,h,w] → a texture of h × w whose first two channels are a and b. */
export const LINES_SHADER = `
@group(0) @binding(0) var<storage, read> lines: array<f32>;
@group(0) @binding(1) var texture: texture_storage_2d<rgba16float, write>;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let size = textureDimensions(texture);
  if (any(id.xy >= size)) { return; }
  let at = id.y * size.x + id.x;
  textureStore(texture, id.xy, vec4f(lines[at], lines[at + size.x * size.y], 0.0, 0.0));
}`;

export const VIEW_BYTES = 32;

/** What of a model's rules the view follows. */
export type ViewRules = Pick<Rules, "luma" | "detail" | "person">;

/** The painting over its frame: the same as in canvas/shaders.ts, by the model's rules. */
export const viewShader = (source: Source, { luma, detail, person: { curve } }: ViewRules): string => `
${FRAME[source]}
@group(0) @binding(1) var smooth_: sampler;
@group(0) @binding(2) var painting: texture_2d<f32>;
struct View { strength: f32, split: f32, keep_colors: u32, who: u32, origin: vec2f, span: vec2f }
@group(0) @binding(3) var<uniform> view: View;
@group(0) @binding(4) var behind: texture_2d<f32>;
@group(0) @binding(5) var lines: texture_2d<f32>;

const luma = vec3f(${luma.join(", ")});

struct Corner { @builtin(position) position: vec4f, @location(0) at: vec2f }

@vertex
fn corners(@builtin(vertex_index) i: u32) -> Corner {
  let corner = vec2f(select(-1.0, 3.0, i == 1u), select(-1.0, 3.0, i == 2u)); // one triangle over everything
  return Corner(vec4f(corner, 0.0, 1.0), vec2f(corner.x, -corner.y) * 0.5 + 0.5);
}

// Cubic upscaling (a = -0.75): the four taps of each axis in three, the middle two by the linear filter.
fn upscaled(source: texture_2d<f32>, uv: vec2f) -> vec4f {
  let size = vec2f(textureDimensions(source));
  let p = uv * size;
  let centre = floor(p - 0.5) + 0.5;
  let f = p - centre;
  let g = 1.0 - f;
  let w0 = -0.75 * f * g * g;
  let w1 = 1.0 + f * f * (1.25 * f - 2.25);
  let w2 = 1.0 + g * g * (1.25 * g - 2.25);
  let w3 = -0.75 * g * f * f;
  var w = array<vec2f, 3>(w0, w1 + w2, w3);
  var x = array<vec2f, 3>((centre - 1.0) / size, (centre + w2 / (w1 + w2)) / size, (centre + 2.0) / size);
  var sum = vec4f(0.0);
  for (var i = 0; i < 3; i++) {
    for (var j = 0; j < 3; j++) {
      sum += w[i].x * w[j].y * textureSampleLevel(source, smooth_, vec2f(x[i].x, x[j].y), 0.0);
    }
  }
  return sum;
}

// A painting as it is shown at a place, over the plain frame there.
fn finished(coarse: vec4f, plain: vec3f, x: f32) -> vec3f {
  let fine = ${detail} * (dot(luma, plain) - coarse.a); // the fourth channel is the frame's luminance
  var painted = clamp(clamp(coarse.rgb, vec3f(0.0), vec3f(1.0)) + fine, vec3f(0.0), vec3f(1.0));
  if (view.keep_colors == 1u) { // replacing Y in YCbCr adds the same difference to R, G and B
    painted = clamp(plain + dot(luma, painted - plain), vec3f(0.0), vec3f(1.0));
  }
  return mix(plain, painted, select(view.strength, 0.0, x < view.split));
}

@fragment
fn main(corner: Corner) -> @location(0) vec4f {
  let at = corner.at;
  let plain = frame_at(view.origin + at * view.span);
  let painted = finished(upscaled(painting, at), plain, at.x);
  if (view.who == 0u) { return vec4f(painted, 1.0); }
  let line = textureSampleLevel(lines, smooth_, at, 0.0);
  let share = smoothstep(${curve[0]}, ${curve[1]}, line.x * dot(luma, plain) + line.y);
  if (view.who == 1u) { return vec4f(mix(plain, painted, share), 1.0); }
  if (view.who == 2u) { return vec4f(mix(painted, plain, share), 1.0); }
  return vec4f(mix(finished(upscaled(behind, at), plain, at.x), painted, share), 1.0);
}`;
