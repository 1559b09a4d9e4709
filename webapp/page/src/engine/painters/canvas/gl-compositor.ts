// Shows a painted picture over its frame with WebGL2: upscaling, strength, colours and divider, in the shaders of shaders.ts.
import type { Rules, Size, View } from "../../../types";
import { cropWindow } from "../framing";
import { frameSize, shownSize, shownWho } from "../painter";
import type { Lines } from "../person";
import type { Compositor } from "./compositor";
import { bind, compile, createDraw, createSlot, type Program, type Slot, upload } from "./gl";
import { COMBINE, type Look, viewOf, WIDEN } from "./shaders";

/** The samplers of the shaders, by the units of their textures. */
const UNITS = ["frame", "painting", "combined", "wide", "behind", "lines"] as const;

/**
 * Samples along an axis for the frame's pixels under one of the painting's, `scale` of them: each is the mean of two by the
 * linear filter. More than four cost more than they show.
 */
const tapsFor = (scale: number): number => (scale > 1 ? Math.min(4, Math.max(2, Math.ceil(scale / 2))) : 1);

/** Takes over a canvas, for a model's rules. `lost` is called when the graphics driver takes it away. */
export function createGlCompositor(
  canvas: OffscreenCanvas,
  gl: WebGL2RenderingContext,
  rules: Pick<Rules, "luma" | "detail" | "person">,
  lost: () => void,
): Compositor {
  canvas.addEventListener("webglcontextlost", lost);
  const [frameSlot, painting, combined, wide, behind, lines] = UNITS.map((_, unit) => createSlot(gl, unit));
  const programs = createPrograms(gl, rules);
  const drawInto = createDraw(gl);
  // Cubic taps overshoot 0…1 on the way.
  const halves = gl.getExtension("EXT_color_buffer_float") ?? gl.getExtension("EXT_color_buffer_half_float");
  const bytes = [gl.RGBA8, gl.UNSIGNED_BYTE] as const;
  const fine = halves ? ([gl.RGBA16F, gl.HALF_FLOAT] as const) : bytes;
  let ready = false;
  /** Where the painting is in the frame, and whether it has the size it is shown at. */
  let [window, whole]: [ReturnType<typeof cropWindow>, boolean] = [[0, 0, 1, 1], false];
  /** What the textures hold besides the painting. */
  let has = { lines: false, behind: false };

  /** Draws the painting that was uploaded and the frame's luminance at its size, as wide as it is shown. */
  const putTogether = (into: Slot, size: Size, crop: Size) => {
    const { combine, widen } = programs;
    const prepare = () => {
      gl.uniform4f(combine.uniform("window"), ...window);
      const [across, down] = [crop.width / size.width, crop.height / size.height].map(tapsFor);
      gl.uniform2i(combine.uniform("taps"), across, down);
    };
    drawInto({ into: combined, size, format: bytes, by: combine, prepare });
    const { width } = canvas;
    const asWide = () => gl.uniform1f(widen.uniform("width"), width);
    drawInto({ into, size: { width, height: size.height }, format: fine, by: widen, prepare: asWide });
  };
  const put = (into: Slot, source: ImageData | ImageBitmap, crop: Size) => {
    if (whole) return upload(gl, into, source);
    upload(gl, painting, source);
    putTogether(into, { width: source.width, height: source.height }, crop);
  };
  const putLines = ({ width, height, values }: Lines) => {
    const pairs = new Float32Array(values.length);
    for (let i = 0, area = width * height; i < area; i++) pairs.set([values[i], values[area + i]], 2 * i);
    bind(gl, lines);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RG16F, width, height, 0, gl.RG, gl.FLOAT, pairs);
  };
  const draw = (view: View): boolean => {
    if (!ready) return false;
    const who = shownWho(view.who, has.lines, has.behind);
    const { program, uniform } = programs.viewFor({ whole, who, keepColors: view.keepColors });
    gl.useProgram(program);
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.uniform1f(uniform("strength"), view.strength);
    gl.uniform1f(uniform("split"), view.split ?? -1);
    gl.uniform4f(uniform("window"), ...window);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    return true;
  };
  return {
    show(frame, framing, made, view) {
      const size = shownSize(framing.crop);
      if (canvas.width !== size.width || canvas.height !== size.height) Object.assign(canvas, size);
      upload(gl, frameSlot, frame);
      window = cropWindow(frameSize(frame), framing);
      whole = size.width === made.painting.width && size.height === made.painting.height;
      put(wide, made.painting, framing.crop);
      if (made.behind) put(behind, made.behind, framing.crop);
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

/** The shaders of shaders.ts with a model's rules; those of views when they are first wanted. */
function createPrograms(
  gl: WebGL2RenderingContext,
  { luma, detail, person: { curve } }: Pick<Rules, "luma" | "detail" | "person">,
) {
  const prepared = (fragment: string): Program => {
    const made = compile(gl, fragment);
    gl.useProgram(made.program);
    gl.uniform3f(made.uniform("luma"), ...luma);
    gl.uniform1f(made.uniform("detail"), detail);
    gl.uniform2f(made.uniform("curve"), ...curve);
    for (const [unit, name] of UNITS.entries()) gl.uniform1i(made.uniform(name), unit);
    return made;
  };
  const views = new Map<string, Program>();
  return {
    combine: prepared(COMBINE),
    widen: prepared(WIDEN),
    viewFor(look: Look): Program {
      const key = JSON.stringify(look);
      const view = views.get(key) ?? prepared(viewOf(look));
      views.set(key, view);
      return view;
    },
  };
}
