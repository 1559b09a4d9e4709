// `.style` files: a studied style, that is S and a brush. safetensors, as export/runtime/style_file.py says, read and written
// here; whoever made a file may have put anything into it, so everything is checked, and what it says of itself is shown, not trusted.
import * as v from "valibot";

import type { ModelDescription, StyleFile } from "../../types";
import { Trouble } from "../trouble";
import { countOf, type Weight, weightsOf } from "./graph-weights";
import { fromHalf, toHalf } from "./half";

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

/** A file's bytes, the same as `to_bytes` in style_file.py writes. `graph`: the model's frame graph. Throws `Trouble`. */
export async function writeStyle(
  { style, brush, name, source, preview }: Omit<StyleFile, "licence">,
  description: ModelDescription,
  graph: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  const known = weightsOf(graph);
  const finite = bounded(style, MAX_STYLE) && Object.values(brush).every((part) => bounded(part, MAX_BRUSH));
  if (!finite || preview.length > MAX_PREVIEW) {
    throw new Trouble("The studied style cannot be written: it has numbers that are not finite or too large.");
  }
  // As safetensors orders them: the widest numbers first, then by name.
  const parts = Object.entries(brush).sort(([a], [b]) => (a < b ? -1 : 1));
  const tensors: [string, string, number[], ArrayBufferView<ArrayBuffer>][] = [
    ["style", "F32", [style.length], Float32Array.from(style)],
    ...parts.map(([each, part]): (typeof tensors)[number] => {
      const weight = known.get(each);
      if (!weight) throw new Trouble("This brush is not one of this model; study the picture again.");
      return [`brush.${each}`, "F16", weight.shape, Uint16Array.from(part, toHalf)];
    }),
    ["preview", "U8", [preview.length], preview],
  ];
  const data = new Uint8Array(tensors.reduce((sum, [, , , numbers]) => sum + numbers.byteLength, 0));
  const entries: Record<string, object> = {};
  let at = 0;
  for (const [each, dtype, shape, numbers] of tensors) {
    data.set(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength), at);
    entries[each] = { dtype, shape, data_offsets: [at, at + numbers.byteLength] };
    at += numbers.byteLength;
  }
  const { licence, weights } = description;
  const texts = { name, model: modelLine(description), weights, licence, source };
  const lines = Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, oneLine(text)]));
  const header = new TextEncoder().encode(
    asPython({ __metadata__: { format: FORMAT, ...lines, sha256: await hashOf(data) }, ...entries }),
  );
  const start = 8 + Math.ceil(header.length / 8) * 8;
  const bytes = new Uint8Array(start + data.length).fill(0x20, 8 + header.length, start);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true);
  bytes.set(header, 8);
  bytes.set(data, start);
  return bytes;
}

/** JSON with a space after each comma and colon, as Python's `json.dumps` writes it. */
function asPython(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(asPython).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, each]) => `${JSON.stringify(key)}: ${asPython(each)}`)
    .join(", ")}}`;
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
function oneLine(text: unknown): string {
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
  return !globalThis.crypto?.subtle || (await hashOf(data)) === hash;
}

async function hashOf(data: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A model's name and revision, as a file says them. */
const modelLine = ({ name, revision }: Pick<ModelDescription, "name" | "revision">): string =>
  `${name} ${revision}`.trim();

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
  const own = modelLine(description);
  const theirs = oneLine(model);
  const same = theirs === own ? " with other weights" : "";
  throw new Trouble(
    `${shown} was studied for ${theirs || "another model"}, and this is ${own}${same}; ` +
      "study its picture again, or choose that model.",
  );
}
