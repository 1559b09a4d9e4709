// Shaders of the compositor, in GLSL for WebGL2: the painting upscaled, given the frame's fine detail, and shown over it.
// webgpu/shaders.ts computes the same in WGSL; keep the two alike. The formula is in models/rules.py (`DETAIL`).

/** One triangle over everything. */
export const CORNERS = `#version 300 es
out vec2 at; // 0…1, from the top left
void main() {
  vec2 corner = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
  at = vec2(corner.x, -corner.y) * 0.5 + 0.5;
  gl_Position = vec4(corner, 0.0, 1.0);
}`;

/**
 * The painting with, as its fourth channel, the luminance of the frame at the painting's size: what lies under a pixel in
 * so many samples. Upscaling both at once, the view below finds what is finer in the frame.
 */
export const COMBINE = `#version 300 es
precision highp float;
uniform sampler2D frame, painting;
uniform vec4 window; // of the painting in the frame: origin and span
uniform ivec2 taps;
uniform vec3 luma;
out vec4 combined;

void main() {
  vec2 size = vec2(textureSize(painting, 0));
  vec2 pixel = floor(gl_FragCoord.xy);
  vec3 sum = vec3(0.0);
  for (int y = 0; y < taps.y; y++)
    for (int x = 0; x < taps.x; x++) {
      vec2 at = (pixel + (vec2(x, y) + 0.5) / vec2(taps)) / size;
      sum += texture(frame, window.xy + at * window.zw).rgb;
    }
  float light = dot(luma, sum) / float(taps.x * taps.y);
  combined = vec4(texelFetch(painting, ivec2(pixel), 0).rgb, light);
}`;

/**
 * Cubic upscaling (a = -0.75) along an axis, (1, 0) or (0, 1), to a place `uv` of it, through a pixel across it. Four texels
 * are fetched: on a processor that stands in for a graphics card the linear filter, which needs three, costs more.
 */
const CUBIC = `
vec4 upscaled(sampler2D of, ivec2 pixel, ivec2 axis, float uv) {
  ivec2 across = pixel * (1 - axis);
  int last = axis.x * textureSize(of, 0).x + axis.y * textureSize(of, 0).y - 1;
  float p = uv * float(last + 1) - 0.5, first = floor(p), f = p - first, g = 1.0 - f;
  int i = int(first);
  return -0.75 * f * g * g * texelFetch(of, across + max(i - 1, 0) * axis, 0)
    + (1.0 + f * f * (1.25 * f - 2.25)) * texelFetch(of, across + max(i, 0) * axis, 0)
    + (1.0 + g * g * (1.25 * g - 2.25)) * texelFetch(of, across + min(i + 1, last) * axis, 0)
    - 0.75 * g * f * f * texelFetch(of, across + min(i + 2, last) * axis, 0);
}`;

/** What was combined, as wide as it is shown. The view does the other axis: 4 texels are read twice, not 16 at once. */
export const WIDEN = `#version 300 es
precision highp float;
uniform sampler2D combined;
uniform float width; // of what is drawn to
out vec4 wide;
${CUBIC}
void main() {
  wide = upscaled(combined, ivec2(gl_FragCoord.xy), ivec2(1, 0), gl_FragCoord.x / width);
}`;

/** What the view is compiled for: a processor that stands in for a graphics card computes whatever a shader might need. */
export interface Look {
  /** Each pixel is one of the painting: nothing to upscale, and nothing is finer in the frame. */
  whole: boolean;
  /** Is painted: all, people, all but people, each in a style of its own. */
  who: number;
  keepColors: boolean;
}

export const viewOf = ({ whole, who, keepColors }: Look) => `#version 300 es
#define WHOLE ${Number(whole)}
#define WHO ${who}
#define KEEP_COLORS ${Number(keepColors)}
precision highp float;
uniform sampler2D frame, wide, behind, lines;
uniform float strength, split, detail; // split < 0: no divider
uniform vec2 curve;
uniform vec4 window;
uniform vec3 luma;
in vec2 at;
out vec4 shown;
${CUBIC}
vec3 finished(sampler2D of, vec3 plain) {
#if WHOLE
  vec3 painted = texture(of, at).rgb;
#else
  vec4 coarse = upscaled(of, ivec2(gl_FragCoord.xy), ivec2(0, 1), at.y);
  vec3 painted = clamp(clamp(coarse.rgb, 0.0, 1.0) + detail * (dot(luma, plain) - coarse.a), 0.0, 1.0);
#endif
#if KEEP_COLORS
  // Replacing Y in YCbCr adds the same difference to R, G and B.
  painted = clamp(plain + dot(luma, painted - plain), 0.0, 1.0);
#endif
  return mix(plain, painted, at.x < split ? 0.0 : strength);
}

/** How far a pixel shows people, by the lines of the mask and its own luminance. */
float share(vec3 plain) {
  vec2 line = texture(lines, at).rg;
  return smoothstep(curve.x, curve.y, line.x * dot(luma, plain) + line.y);
}

void main() {
  vec3 plain = texture(frame, window.xy + at * window.zw).rgb;
  vec3 painted = finished(wide, plain);
#if WHO == 1
  painted = mix(plain, painted, share(plain));
#elif WHO == 2
  painted = mix(painted, plain, share(plain));
#elif WHO == 3
  painted = mix(finished(behind, plain), painted, share(plain));
#endif
  shown = vec4(painted, 1.0);
}`;
