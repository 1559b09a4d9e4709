// Shows a painted picture over its frame with WebGL2: upscaling, strength, colours and divider in one shader.
// The WebGPU painter does the same in webgpu/shaders.ts; keep the two alike.
import type { Frame, Rules, View } from "../../../types";
import { Trouble } from "../../trouble";
import { cropWindow, type Framing } from "../framing";
import { frameSize, shownSize } from "../painter";

const CORNERS = `#version 300 es
out vec2 at; // 0…1, from the top left
void main() {
  vec2 corner = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0); // one triangle over everything
  at = vec2(corner.x, -corner.y) * 0.5 + 0.5;
  gl_Position = vec4(corner, 0.0, 1.0);
}`;

const VIEW = `#version 300 es
precision highp float;
uniform sampler2D frame, painting;
uniform float strength, split; // split < 0: no divider
uniform bool keepColors;
uniform vec4 window; // of the painting in the frame: origin and span
uniform vec3 luma;
in vec2 at;
out vec4 shown;

// Catmull-Rom upscaling: the four taps of each axis in three, the middle two by the linear filter.
vec3 upscaled(vec2 uv) {
  vec2 size = vec2(textureSize(painting, 0));
  vec2 p = uv * size, centre = floor(p - 0.5) + 0.5, f = p - centre;
  vec2 w0 = f * (-0.5 + f * (1.0 - 0.5 * f)), w1 = 1.0 + f * f * (1.5 * f - 2.5);
  vec2 w2 = f * (0.5 + f * (2.0 - 1.5 * f)), w3 = f * f * (0.5 * f - 0.5);
  vec2 w[3] = vec2[](w0, w1 + w2, w3);
  vec2 x[3] = vec2[]((centre - 1.0) / size, (centre + w2 / (w1 + w2)) / size, (centre + 2.0) / size);
  vec3 sum = vec3(0.0);
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) sum += w[i].x * w[j].y * texture(painting, vec2(x[i].x, x[j].y)).rgb;
  return clamp(sum, 0.0, 1.0);
}

void main() {
  vec3 plain = texture(frame, window.xy + at * window.zw).rgb, painted = upscaled(at);
  // Replacing Y in YCbCr adds the same difference to R, G and B.
  if (keepColors) painted = clamp(plain + dot(luma, painted - plain), 0.0, 1.0);
  shown = vec4(mix(plain, painted, at.x < split ? 0.0 : strength), 1.0);
}`;

export interface Compositor {
  /** Shows `painting` over what of `frame` it was made from, and the same way round. */
  show(frame: Frame, framing: Framing, painting: TexImageSource, view: View): void;
  /** Shows the last picture again. */
  refresh(view: View): void;
  snapshot(view: View): Promise<Blob>;
  close(): void;
}

/** Takes over a canvas. `luma`: the model's weights of R, G and B. Throws `Trouble` without WebGL2; `lost` is called when the graphics driver takes it away. */
export function createCompositor(canvas: OffscreenCanvas, luma: Rules["luma"], lost: () => void): Compositor {
  const gl = canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false });
  if (!gl)
    throw new Trouble(
      "This browser cannot show the painting: it has no WebGL2. Try a newer browser, or switch on its graphics acceleration.",
    );
  canvas.addEventListener("webglcontextlost", lost);
  const program = link(gl);
  gl.useProgram(program);
  const uniform = (name: string) => gl.getUniformLocation(program, name);
  const [strength, split, keepColors, window] = ["strength", "split", "keepColors", "window"].map(uniform);
  gl.uniform3f(uniform("luma"), ...luma);
  const [frameTexture, painting] = ["frame", "painting"].map((name, unit) => {
    gl.uniform1i(uniform(name)!, unit);
    return createTexture(gl, unit);
  });
  let ready = false;

  const upload = (unit: number, texture: WebGLTexture, source: TexImageSource) => {
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, source);
  };
  const draw = (view: View) => {
    if (!ready) return;
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.uniform1f(strength, view.strength);
    gl.uniform1f(split, view.split ?? -1);
    gl.uniform1i(keepColors, Number(view.keepColors));
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  };
  return {
    show(frame, framing, source, view) {
      const size = shownSize(framing.crop);
      if (canvas.width !== size.width || canvas.height !== size.height) Object.assign(canvas, size);
      upload(0, frameTexture, frame);
      upload(1, painting, source);
      gl.uniform4f(window, ...cropWindow(frameSize(frame), framing));
      ready = true;
      draw(view);
    },
    refresh: draw,
    snapshot(view) {
      draw(view); // what was shown before is gone once the browser has taken it
      return canvas.convertToBlob({ type: "image/png" });
    },
    close() {
      canvas.removeEventListener("webglcontextlost", lost);
      gl.getExtension("WEBGL_lose_context")?.loseContext();
    },
  };
}

function link(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram();
  for (const [kind, source] of [
    [gl.VERTEX_SHADER, CORNERS],
    [gl.FRAGMENT_SHADER, VIEW],
  ] as const) {
    const shader = gl.createShader(kind)!;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(`shader: ${gl.getProgramInfoLog(program)}`);
  return program;
}

function createTexture(gl: WebGL2RenderingContext, unit: number): WebGLTexture {
  const texture = gl.createTexture();
  gl.activeTexture(gl.TEXTURE0 + unit);
  gl.bindTexture(gl.TEXTURE_2D, texture);
  for (const side of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, side, gl.CLAMP_TO_EDGE);
  for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER])
    gl.texParameteri(gl.TEXTURE_2D, filter, gl.LINEAR);
  return texture;
}
