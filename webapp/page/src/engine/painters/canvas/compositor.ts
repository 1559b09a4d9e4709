// Shows a painted picture over its frame with WebGL2: upscaling, strength, colours and divider, in the shaders of shaders.ts.
import type { Frame, Rules, Size, View } from "../../../types";
import { cropWindow, type Framing } from "../framing";
import { frameSize, shownSize, shownWho } from "../painter";
import type { Lines } from "../person";
import { createPlainCompositor } from "./plain-compositor";
import { COMBINE, CORNERS, type Look, viewOf, WIDEN } from "./shaders";

/** The samplers of the shaders, by the units of their textures. */
const UNITS = ["frame", "painting", "combined", "wide", "behind", "lines"];

/**
 * Samples along an axis for the frame's pixels under one of the painting's, `scale` of them: each is the mean of two by the
 * linear filter. More than four cost more than they show.
 */
const tapsFor = (scale: number): number => (scale > 1 ? Math.min(4, Math.max(2, Math.ceil(scale / 2))) : 1);

/** What was made of a frame: its painting; where it is wanted a second one, of what is behind people, and their mask. */
export interface Made {
  painting: ImageData | ImageBitmap;
  behind: ImageData | ImageBitmap | null;
  lines: Lines | null;
}

export interface Compositor {
  /** Shows what was made of a frame, or a crop of it, over that, and the same way round. */
  show(frame: Frame, framing: Framing, made: Made, view: View): void;
  /** Shows the last picture again; false where there is none. */
  refresh(view: View): boolean;
  snapshot(view: View): Promise<Blob>;
  close(): void;
}

/**
 * Takes over a canvas, for a model's rules; without WebGL2 the processor does its work. `lost` is called when the graphics
 * driver takes it away. Throws `Trouble` where nothing can be drawn.
 */
export function createCompositor(
  canvas: OffscreenCanvas,
  rules: Pick<Rules, "luma" | "detail" | "person">,
  lost: () => void,
): Compositor {
  const gl = canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false });
  return gl ? createGlCompositor(canvas, gl, rules, lost) : createPlainCompositor(canvas, rules);
}

function createGlCompositor(
  canvas: OffscreenCanvas,
  gl: WebGL2RenderingContext,
  { luma, detail, person: { curve } }: Pick<Rules, "luma" | "detail" | "person">,
  lost: () => void,
): Compositor {
  canvas.addEventListener("webglcontextlost", lost);
  const [frameTexture, painting, combined, wide, behind, lines] = UNITS.map((_, unit) => createTexture(gl, unit));
  const target = gl.createFramebuffer();
  const compiled = (fragment: string) => {
    const program = link(gl, fragment);
    gl.useProgram(program);
    const uniform = (name: string) => gl.getUniformLocation(program, name);
    gl.uniform3f(uniform("luma"), ...luma);
    gl.uniform1f(uniform("detail"), detail);
    gl.uniform2f(uniform("curve"), ...curve);
    for (const [unit, name] of UNITS.entries()) gl.uniform1i(uniform(name), unit);
    return { program, uniform };
  };
  const [combine, widen] = [COMBINE, WIDEN].map(compiled);
  const views = new Map<string, ReturnType<typeof compiled>>();
  const viewFor = (look: Look) => {
    const key = JSON.stringify(look);
    const view = views.get(key) ?? compiled(viewOf(look));
    views.set(key, view);
    return view;
  };
  let ready = false;
  /** Where the painting is in the frame, and whether it has the size it is shown at. */
  let [window, whole]: [number[], boolean] = [[0, 0, 1, 1], false];
  /** What the textures hold besides the painting. */
  let has = { lines: false, behind: false };

  const upload = (unit: number, texture: WebGLTexture, source: TexImageSource) => {
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, source);
  };
  // Cubic taps overshoot 0…1 on the way.
  const halves = gl.getExtension("EXT_color_buffer_float") ?? gl.getExtension("EXT_color_buffer_half_float");
  const fine = halves ? ([gl.RGBA16F, gl.HALF_FLOAT] as const) : ([gl.RGBA8, gl.UNSIGNED_BYTE] as const);
  const sizes = new Map<WebGLTexture, Size>();
  /** Draws with a program, whose uniforms `prepare` sets, into the texture of a unit, which then has this size, format and type. */
  const drawInto = (
    unit: number,
    texture: WebGLTexture,
    { width, height }: Size,
    [format, type]: readonly [number, number],
    program: WebGLProgram,
    prepare: () => void,
  ) => {
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.bindFramebuffer(gl.FRAMEBUFFER, target);
    const size = sizes.get(texture);
    if (size?.width !== width || size.height !== height) {
      sizes.set(texture, { width, height });
      gl.texImage2D(gl.TEXTURE_2D, 0, format, width, height, 0, gl.RGBA, type, null);
    }
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
    // A texture that is drawn to must not be one that is read: another program's is taken off meanwhile.
    gl.bindTexture(gl.TEXTURE_2D, null);
    gl.useProgram(program);
    prepare();
    gl.viewport(0, 0, width, height);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.bindTexture(gl.TEXTURE_2D, texture);
  };
  /**
   * Draws the painting that was uploaded and the frame's luminance at its size, as wide as it is shown, into the texture of
   * a unit.
   */
  const putTogether = (unit: number, texture: WebGLTexture, size: Size, crop: Size, window: number[]) => {
    drawInto(2, combined, size, [gl.RGBA8, gl.UNSIGNED_BYTE], combine.program, () => {
      gl.uniform4f(combine.uniform("window"), ...(window as [number, number, number, number]));
      const [across, down] = [crop.width / size.width, crop.height / size.height].map(tapsFor);
      gl.uniform2i(combine.uniform("taps"), across, down);
    });
    const { width } = canvas;
    drawInto(unit, texture, { width, height: size.height }, fine, widen.program, () =>
      gl.uniform1f(widen.uniform("width"), width),
    );
  };
  const putLines = ({ width, height, values }: Lines) => {
    const pairs = new Float32Array(values.length);
    for (let i = 0, area = width * height; i < area; i++) pairs.set([values[i], values[area + i]], 2 * i);
    gl.activeTexture(gl.TEXTURE5);
    gl.bindTexture(gl.TEXTURE_2D, lines);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RG16F, width, height, 0, gl.RG, gl.FLOAT, pairs);
  };
  const draw = (view: View): boolean => {
    if (!ready) return false;
    const who = shownWho(view.who, has.lines, has.behind);
    const { program, uniform } = viewFor({ whole, who, keepColors: view.keepColors });
    gl.useProgram(program);
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.uniform1f(uniform("strength"), view.strength);
    gl.uniform1f(uniform("split"), view.split ?? -1);
    gl.uniform4f(uniform("window"), ...(window as [number, number, number, number]));
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    return true;
  };
  return {
    show(frame, framing, made, view) {
      const size = shownSize(framing.crop);
      if (canvas.width !== size.width || canvas.height !== size.height) Object.assign(canvas, size);
      upload(0, frameTexture, frame);
      window = cropWindow(frameSize(frame), framing);
      whole = size.width === made.painting.width && size.height === made.painting.height;
      const put = (unit: number, texture: WebGLTexture, source: ImageData | ImageBitmap) => {
        if (whole) {
          upload(unit, texture, source);
          sizes.delete(texture); // another format than what is drawn to
          return;
        }
        upload(1, painting, source);
        putTogether(unit, texture, { width: source.width, height: source.height }, framing.crop, window);
      };
      put(3, wide, made.painting);
      if (made.behind) put(4, behind, made.behind);
      if (made.lines) putLines(made.lines);
      has = { lines: made.lines !== null, behind: made.behind !== null };
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

function link(gl: WebGL2RenderingContext, fragment: string): WebGLProgram {
  const program = gl.createProgram();
  for (const [kind, source] of [
    [gl.VERTEX_SHADER, CORNERS],
    [gl.FRAGMENT_SHADER, fragment],
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
