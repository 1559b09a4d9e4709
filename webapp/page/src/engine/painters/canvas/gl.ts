// Programs and textures of WebGL2, as the compositor uses them: every program covers the canvas, every texture keeps its unit.
import type { Size } from "../../../types";
import { CORNERS } from "./shaders";

export interface Program {
  program: WebGLProgram;
  uniform(name: string): WebGLUniformLocation | null;
}

/** A program of a fragment shader. Throws where the driver does not take it. */
export function compile(gl: WebGL2RenderingContext, fragment: string): Program {
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
  return { program, uniform: (name) => gl.getUniformLocation(program, name) };
}

/** A texture and the unit that it is always bound to. */
export interface Slot {
  unit: number;
  texture: WebGLTexture;
  /** What it has to be drawn into; null while it holds something else. */
  size: Size | null;
}

export function createSlot(gl: WebGL2RenderingContext, unit: number): Slot {
  const slot = { unit, texture: gl.createTexture(), size: null };
  bind(gl, slot);
  for (const side of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, side, gl.CLAMP_TO_EDGE);
  for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER])
    gl.texParameteri(gl.TEXTURE_2D, filter, gl.LINEAR);
  return slot;
}

/** What is done with textures next is done with this one. */
export function bind(gl: WebGL2RenderingContext, { unit, texture }: Slot): void {
  gl.activeTexture(gl.TEXTURE0 + unit);
  gl.bindTexture(gl.TEXTURE_2D, texture);
}

export function upload(gl: WebGL2RenderingContext, slot: Slot, source: TexImageSource): void {
  bind(gl, slot);
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, source);
  slot.size = null;
}

/** What is drawn, and into what: a texture that then has this size, this format and this type. */
export interface Drawing {
  into: Slot;
  size: Size;
  format: readonly [format: number, type: number];
  by: Program;
  /** Sets the program's uniforms. */
  prepare(): void;
}

/** Gives what draws into textures. A slot is drawn into with one format only. */
export function createDraw(gl: WebGL2RenderingContext): (drawing: Drawing) => void {
  const target = gl.createFramebuffer();
  return ({ into, size: { width, height }, format: [format, type], by, prepare }) => {
    bind(gl, into);
    gl.bindFramebuffer(gl.FRAMEBUFFER, target);
    if (into.size?.width !== width || into.size.height !== height) {
      into.size = { width, height };
      gl.texImage2D(gl.TEXTURE_2D, 0, format, width, height, 0, gl.RGBA, type, null);
    }
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, into.texture, 0);
    // A texture that is drawn to must not be one that is read: another program's is taken off meanwhile.
    gl.bindTexture(gl.TEXTURE_2D, null);
    gl.useProgram(by.program);
    prepare();
    gl.viewport(0, 0, width, height);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.bindTexture(gl.TEXTURE_2D, into.texture);
  };
}
