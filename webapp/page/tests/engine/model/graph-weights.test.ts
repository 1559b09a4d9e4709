import { readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";

import { type Brush, countOf, weightsOf, withBrush } from "../../../src/engine/model/graph-weights";
import { fromHalf, toHalf } from "../../../src/engine/model/half";

const TINY = new URL("../../../../../tests/contract/tiny/", import.meta.url);
const graphOf = (role: string) => new Uint8Array(readFileSync(new URL(`${role}.onnx`, TINY)));

/** The numbers of a weight of T. */
function valuesOf(graph: Uint8Array, name: string): number[] {
  const { start, half, ...weight } = weightsOf(graph).get(name)!;
  const view = new DataView(graph.buffer);
  return Array.from({ length: countOf(weight) }, (_, i) =>
    half ? fromHalf(view.getUint16(start + 2 * i, true)) : view.getFloat32(start + 4 * i, true),
  );
}

const brush: Brush = {
  "end.conv.bias": Float32Array.of(1.5, -2, 0.001),
  "stem.conv.weight": Float32Array.from({ length: 972 }, (_, i) => Math.sin(i)),
};

describe.each(["frame", "step", "frame_fp16", "step_fp16"])("%s.onnx", (role) => {
  const graph = graphOf(role);

  test("all of T is found, in the shapes that every graph has", () => {
    const weights = weightsOf(graph);
    expect(weights.size).toBe(16);
    expect(weights.get("stem.conv.weight")!.shape).toEqual([4, 3, 9, 9]);
    for (const { start, end, half, shape } of weights.values()) {
      expect(end - start).toBe((half ? 2 : 4) * countOf({ shape }));
    }
    expect([...weights.values()].every(({ half }) => half === role.endsWith("fp16"))).toBe(true);
  });

  test("a brush is added to its parameters, in the graph's precision, and nothing else changes", () => {
    const changed = withBrush(graph, brush);
    const rounded = (value: number) => (role.endsWith("fp16") ? fromHalf(toHalf(value)) : Math.fround(value));
    for (const name of weightsOf(graph).keys()) {
      const before = valuesOf(graph, name);
      const after = before.map((value, i) => rounded(value + (brush[name]?.[i] ?? 0)));
      expect(valuesOf(changed, name)).toEqual(after);
    }
    for (const name of Object.keys(brush)) {
      const { start, end } = weightsOf(graph).get(name)!;
      changed.set(graph.subarray(start, end), start);
    }
    expect(Buffer.compare(changed, graph)).toBe(0);
    expect(Buffer.compare(withBrush(graph, {}), graph)).toBe(0);
  });
});

test("a brush of another network is refused in one sentence", () => {
  const graph = graphOf("frame");
  const brushes: Brush[] = [{ other: Float32Array.of(1) }, { "end.conv.bias": Float32Array.of(1) }];
  for (const wrong of brushes) {
    expect(() => withBrush(graph, wrong)).toThrow(/^This brush .*\.$/);
  }
});

test.each([1, 100, 5000, 32_000])("the first %i bytes of a graph are none", (length) => {
  expect(() => weightsOf(graphOf("frame").subarray(0, length))).toThrow("no ONNX graph");
});
