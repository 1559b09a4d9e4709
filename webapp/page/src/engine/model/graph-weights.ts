// T's weights inside an exported graph, and the graph's bytes with a brush on them: its weights are changed before a
// session is made, as constant weights make faster kernels than weights that are inputs. The wire format of onnx.proto is
// walked as export/runtime/sessions/graph_weights.py does it.
import { Trouble } from "../trouble";
import { fromHalf, toHalf } from "./half";

/** T's weights as they differ from the model's: parameter ("stem.conv.weight", …) → differences in their order. */
export type Brush = Readonly<Record<string, Float32Array>>;

/** Where a weight of T lies in a graph's bytes. */
export interface Weight {
  shape: number[];
  half: boolean;
  start: number;
  end: number;
}

// Field numbers of onnx.proto.
const [GRAPH, METADATA, INITIALIZER] = [7, 14, 5];
const [KEY, VALUE] = [1, 2];
const [DIMS, DATA_TYPE, NAME, RAW_DATA] = [1, 2, 8, 9];
const [FLOAT, FLOAT16] = [1, 10];

/** T's weights in a frame or step graph, by parameter. Throws for bytes that are no graph. */
export function weightsOf(graph: Uint8Array): Map<string, Weight> {
  const found = new Map<string, Weight>();
  for (const model of fields(graph, 0, graph.length)) {
    if (model.number !== GRAPH) continue;
    for (const { number, start, end } of fields(graph, model.start, model.end)) {
      if (number === INITIALIZER) addWeight(found, graph, start, end);
    }
  }
  return found;
}

function addWeight(found: Map<string, Weight>, graph: Uint8Array, first: number, last: number): void {
  const weight: Weight = { shape: [], half: false, start: 0, end: 0 };
  let [name, kind] = ["", 0];
  for (const { number, start, end } of fields(graph, first, last)) {
    if (number === DIMS) {
      for (let at = start; at < end; ) {
        const [side, next] = varint(graph, at);
        weight.shape.push(side);
        at = next;
      }
    } else if (number === DATA_TYPE) [kind] = varint(graph, start);
    else if (number === NAME) name = new TextDecoder().decode(graph.subarray(start, end));
    else if (number === RAW_DATA) Object.assign(weight, { start, end });
  }
  const parameter = /^(?:frame\.)?network\.(.+)$/.exec(name)?.[1];
  if (!parameter || (kind !== FLOAT && kind !== FLOAT16)) return;
  found.set(parameter, { ...weight, half: kind === FLOAT16 });
}

/** The texts that a graph's maker put into it, by name. Throws for bytes that are no graph. */
export function metadataOf(graph: Uint8Array): Map<string, string> {
  const found = new Map<string, string>();
  for (const { number, start, end } of fields(graph, 0, graph.length)) {
    if (number !== METADATA) continue;
    const texts = new Map(
      [...fields(graph, start, end)].map((text) => [
        text.number,
        new TextDecoder().decode(graph.subarray(text.start, text.end)),
      ]),
    );
    found.set(texts.get(KEY) ?? "", texts.get(VALUE) ?? "");
  }
  return found;
}

/** The numbers of a weight, in single precision. */
export function numbersOf(graph: Uint8Array, { half, start, end }: Weight): Float32Array {
  const view = new DataView(graph.buffer, graph.byteOffset);
  const wide = half ? 2 : 4;
  return Float32Array.from({ length: (end - start) / wide }, (_, i) =>
    half ? fromHalf(view.getUint16(start + 2 * i, true)) : view.getFloat32(start + 4 * i, true),
  );
}

/** How many numbers a weight has. */
export const countOf = ({ shape }: Pick<Weight, "shape">): number => shape.reduce((a, b) => a * b, 1);

/** The graph with `brush` added to T's weights, rounded to its precision. Throws `Trouble` for a brush that does not fit. */
export function withBrush(graph: Uint8Array, brush: Brush): Uint8Array {
  const changed = graph.slice();
  const view = new DataView(changed.buffer);
  const weights = weightsOf(graph);
  for (const [name, difference] of Object.entries(brush)) {
    const weight = weights.get(name);
    if (!weight || countOf(weight) !== difference.length || weight.end === 0) {
      throw new Trouble("This brush is not one of this model; study the picture again.");
    }
    difference.forEach((value, i) => {
      if (weight.half) {
        const at = weight.start + 2 * i;
        view.setUint16(at, toHalf(fromHalf(view.getUint16(at, true)) + value), true);
      } else {
        const at = weight.start + 4 * i;
        view.setFloat32(at, view.getFloat32(at, true) + value, true);
      }
    });
  }
  return changed;
}

interface Field {
  number: number;
  /** Of its content, without tag and length. */
  start: number;
  end: number;
}

function* fields(bytes: Uint8Array, start: number, end: number): Generator<Field> {
  while (start < end) {
    const [tag, at] = varint(bytes, start);
    const field = { number: Math.floor(tag / 8), ...content(bytes, at, tag % 8) };
    if (field.end > end) throw new Error("These bytes are no ONNX graph.");
    yield field;
    start = field.end;
  }
}

/** Where a field's content lies, by the kind that its tag names. */
function content(bytes: Uint8Array, at: number, kind: number): { start: number; end: number } {
  if (kind === 0) return { start: at, end: varint(bytes, at)[1] };
  if (kind === 1) return { start: at, end: at + 8 };
  if (kind === 5) return { start: at, end: at + 4 };
  if (kind !== 2) throw new Error("These bytes are no ONNX graph.");
  const [length, start] = varint(bytes, at);
  return { start, end: start + length };
}

/** A number of seven bits a byte, lowest first, and where it ends. */
function varint(bytes: Uint8Array, at: number): [number, number] {
  let [value, scale] = [0, 1];
  for (;;) {
    if (at >= bytes.length) throw new Error("These bytes are no ONNX graph.");
    const byte = bytes[at++];
    value += (byte & 0x7f) * scale; // no shifts: they end at 32 bits
    scale *= 128;
    if (byte < 0x80) return [value, at];
  }
}
