// `.style` files: a studied style, that is S and a brush. safetensors, as export/runtime/style_file.py says; whoever made a
// file may have put anything into it, so everything is checked, and what it says of itself is shown, not trusted.
import * as v from "valibot";

import type { ModelDescription } from "../../types";
import { Trouble } from "../trouble";
import { type Brush, countOf, type Weight, weightsOf } from "./graph-weights";
import { fromHalf } from "./half";

export interface StyleFile {
  /** S. */
  style: Float32Array;
  brush: Brush;
  name: string;
  licence: string;
  source: string;
  /** A JPEG, or empty. */
  preview: Uint8Array<ArrayBuffer>;
}

// As in style_file.py.
const FORMAT = "impasto-style 1";
export const MAX_BYTES = 4_000_000;
const [MAX_HEADER, MAX_PREVIEW] = [100_000, 200_000];
const [MAX_STYLE, MAX_BRUSH] = [1000, 100];
const MAX_TEXT = 200;

const whole = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MAX_BYTES));
const entry = v.object({ dtype: v.string(), shape: v.array(whole), data_offsets: v.tuple([whole, whole]) });
const metadata = v.record(v.string(), v.unknown());
const WIDTHS: Record<string, number> = { F32: 4, F16: 2, U8: 1 };

interface Tensor {
  dtype: string;
  shape: number[];
  bytes: DataView<ArrayBuffer>;
}

/** A file for the model of this description. `graph`: its frame graph in any precision. Throws `Trouble`. */
export async function readStyle(
  bytes: Uint8Array<ArrayBuffer>,
  description: ModelDescription,
  graph: Uint8Array,
  shown = "This file",
): Promise<StyleFile> {
  const damaged = new Trouble(`${shown} is no studied style, or is damaged; study its picture again.`);
  if (bytes.length > MAX_BYTES) throw new Trouble(`${shown} is no studied style: it has more than 4 MB.`);
  const opened = open(bytes);
  if (!opened) throw damaged;
  const { texts, tensors, data } = opened;
  if (texts.format !== FORMAT) {
    if (!String(texts.format).startsWith("impasto-style ")) throw damaged;
    throw new Trouble(`${shown} was made by a newer Impasto; upgrade Impasto.`);
  }
  if (!(await isHash(data, texts.sha256))) throw damaged;
  const found = styleOf(texts, tensors);
  if (!found) throw damaged;
  checkModel(texts, description, shown);
  if (found.style.length !== description.style_size) throw damaged;
  const weights = weightsOf(graph);
  for (const [name, { shape }] of tensors) {
    if (name.startsWith("brush.") && !fits(weights.get(name.slice(6)), shape)) throw damaged;
  }
  return found;
}

/** One sentence about a file's licence where it is not the model's own. */
export function licenceNote({ name, licence }: StyleFile, { licence: own }: ModelDescription): string | null {
  if (licence === own) return null;
  const it = name || "This style";
  return licence
    ? `${it} says of its licence: “${licence}”. That is its maker's word.`
    : `${it} names no licence; ask its maker before you publish what it paints.`;
}

/** A text of unknown origin as one short line: what cannot be seen, or turns the writing round, is taken out. */
export function oneLine(text: unknown): string {
  const seen = Array.from(String(text ?? ""))
    .filter((character) => character === " " || !/[\p{C}\p{Z}]/u.test(character))
    .join("")
    .trim();
  const letters = Array.from(seen);
  return letters.length <= MAX_TEXT ? seen : `${letters.slice(0, MAX_TEXT - 1).join("")}…`;
}

/** Header and tensors; null for what is no safetensors file of these kinds of numbers without gaps. */
function open(bytes: Uint8Array<ArrayBuffer>) {
  if (bytes.length < 8) return null;
  const start = 8 + Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (start > Math.min(bytes.length, MAX_HEADER)) return null;
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, start)));
  } catch {
    return null;
  }
  const { __metadata__, ...entries } = (header ?? {}) as Record<string, unknown>;
  const said = v.safeParse(metadata, __metadata__);
  const listed = v.safeParse(v.record(v.string(), entry), entries);
  if (!said.success || !listed.success) return null;
  const data = bytes.subarray(start);
  const tensors = new Map<string, Tensor>();
  let end = 0;
  const ordered = Object.entries(listed.output).sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0]);
  for (const [
    name,
    {
      dtype,
      shape,
      data_offsets: [from, to],
    },
  ] of ordered) {
    if (from !== end || to > data.length || to - from !== countOf({ shape }) * WIDTHS[dtype]) return null;
    tensors.set(name, { dtype, shape, bytes: new DataView(data.buffer, data.byteOffset + from, to - from) });
    end = to;
  }
  return end === data.length ? { texts: said.output, tensors, data } : null;
}

/** Without a secure origin there is nothing to hash with, as for the model's own files. */
async function isHash(data: Uint8Array<ArrayBuffer>, hash: unknown): Promise<boolean> {
  if (!globalThis.crypto?.subtle) return true;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("") === hash;
}

/** What the tensors hold; null where one is of another kind, not finite or too large. */
function styleOf(texts: Record<string, unknown>, tensors: ReadonlyMap<string, Tensor>): StyleFile | null {
  const [s, picture] = [tensors.get("style"), tensors.get("preview")];
  if (s?.dtype !== "F32" || s.shape.length !== 1) return null;
  const style = Float32Array.from({ length: s.shape[0] }, (_, i) => s.bytes.getFloat32(4 * i, true));
  if (picture?.dtype !== "U8" || picture.shape.length !== 1 || picture.shape[0] > MAX_PREVIEW) return null;
  const preview = new Uint8Array(picture.bytes.buffer, picture.bytes.byteOffset, picture.bytes.byteLength).slice();
  const isJpeg = preview[0] === 0xff && preview[1] === 0xd8 && preview[2] === 0xff;
  if ((preview.length && !isJpeg) || !bounded(style, MAX_STYLE)) return null;
  const brush: Record<string, Float32Array> = {};
  for (const [name, { dtype, shape, bytes }] of tensors) {
    if (name === "style" || name === "preview") continue;
    if (!name.startsWith("brush.") || dtype !== "F16") return null;
    const part = Float32Array.from({ length: countOf({ shape }) }, (_, i) => fromHalf(bytes.getUint16(2 * i, true)));
    if (!bounded(part, MAX_BRUSH)) return null;
    brush[name.slice(6)] = part;
  }
  const [name, licence, source] = [texts.name, texts.licence, texts.source].map(oneLine);
  return { style, brush, name, licence, source, preview };
}

const bounded = (values: Float32Array, most: number): boolean => values.every((value) => Math.abs(value) <= most);

const fits = (weight: Weight | undefined, shape: number[]): boolean =>
  weight?.shape.length === shape.length && weight.shape.every((side, i) => side === shape[i]);

function checkModel({ model, weights }: Record<string, unknown>, description: ModelDescription, shown: string): void {
  if (!description.weights) {
    throw new Trouble(`The model ${description.name} is too old for studied styles; export it again.`);
  }
  if (weights === description.weights) return;
  const own = `${description.name} ${description.revision}`.trim();
  const theirs = oneLine(model);
  const same = theirs === own ? " with other weights" : "";
  throw new Trouble(
    `${shown} was studied for ${theirs || "another model"}, and this is ${own}${same}; ` +
      "study its picture again, or choose that model.",
  );
}
