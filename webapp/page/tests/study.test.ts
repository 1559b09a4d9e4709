// How a style is studied: the contract vectors in TypeScript, with the page's own modules and no browser. Python reads the
// same: tests/contract/test_study.py; tests/contract/README.md says what a case is.
import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";

import { expect, test } from "vitest";

import { countOf } from "../src/engine/model/graph-weights";
import type { Pixels } from "../src/engine/model/resize";
import type { Runtime } from "../src/engine/model/runtime";
import { readStyle, writeStyle } from "../src/engine/model/style-file";
import { openCpuNetworks } from "../src/engine/painters/canvas/cpu";
import { cropPlanes, paddingOf } from "../src/engine/painters/canvas/pixels";
import { type Batch, moved } from "../src/engine/study/contents";
import { checkPainting, coloursOf, cut, tiles } from "../src/engine/study/pictures";
import { openContent, openStep, type Place, paintingTargets } from "../src/engine/study/sessions";
import {
  begin,
  isOver,
  levelEnd,
  rate,
  ratesOf,
  readStudyGraph,
  type State,
  startOf,
  studied,
  take,
  weightsFor,
} from "../src/engine/study/steps";
import type { StudyRules } from "../src/types";
import { readModel } from "./contract-painter";

const FOLDER = new URL("../../../tests/contract/", import.meta.url);
const TINY = new URL("tiny/", FOLDER);
const VGG = new URL("../../../models/vgg16/vgg16.safetensors", import.meta.url);

/** uint8 [H,W,3]: base64 of its compressed bytes. */
interface Packed {
  shape: [number, number, number];
  zlib: string;
}
type Case =
  | { kind: "rate"; share: number; count: number; rate: number }
  | { kind: "painting"; name: string; picture: Packed; fit: boolean }
  | {
      kind: "tiles";
      name: string;
      picture: Packed;
      short: number;
      side: number;
      tiles: Packed[];
      count: number;
      mean: number[];
      covariance: number[];
      contrast: number[];
    }
  | {
      kind: "square";
      picture: Packed;
      square: [number, number, number];
      side: number;
      shift: [number, number];
      cut: Packed;
      down: number[];
      across: number[];
      seen: number[];
    }
  | ({ kind: "loop"; name: string; totals: (number | null)[]; best: number; values: number; over: boolean } & Pick<
      State,
      "mean" | "lowest" | "since" | "count" | "slower" | "restarts"
    >)
  | {
      kind: "steps";
      painting: Packed;
      /** Inputs `painting.…` of its colours. */
      colours: Record<string, number[]>;
      /** For each step a square and the same moved. */
      pairs: [Packed, Packed][];
      weights_rate: number;
      style_rate: number;
      shifts: [number, number][];
      shares: number[];
      terms: number[][];
      brush: string[];
      /** Of the first square, every third line and column before rounding. */
      painted: number[];
    };

const { rules, cases }: { rules: StudyRules; cases: Case[] } = JSON.parse(
  readFileSync(new URL("study.json", FOLDER), "utf8"),
);
const casesOf = <K extends Case["kind"]>(kind: K) =>
  cases.filter((each): each is Extract<Case, { kind: K }> => each.kind === kind);
const waves: number[] = JSON.parse(readFileSync(new URL("cases.json", FOLDER), "utf8")).styles.waves;

/** RGB bytes as RGBA. */
function unpack({ shape: [height, width], zlib }: Packed): Pixels {
  const bytes = inflateSync(Buffer.from(zlib, "base64"));
  const data = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let i = 0; i < width * height; i++) data.set(bytes.subarray(3 * i, 3 * (i + 1)), 4 * i);
  return { data, width, height };
}

/** The largest difference of two lists of numbers. */
function most(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Array.from(a).reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i])), 0);
}

/** A picture as RGB planes [3,H,W] in 0…1. */
function planesOf(picture: Packed): Float32Array {
  const { data, width, height } = unpack(picture);
  const area = width * height;
  return Float32Array.from({ length: 3 * area }, (_, i) => data[4 * (i % area) + Math.floor(i / area)] / 255);
}

/** The largest difference of planes [3,H,W] in 0…1 from a picture, of 255. */
function apart(planes: Float32Array, picture: Packed): number {
  return 255 * most(planes, planesOf(picture));
}

const filled = (values: Float32Array): number[] => [...values].flatMap((value, i) => (value === 0 ? [] : [i]));
const graphOf = (role: string) => new Uint8Array(readFileSync(new URL(`${role}.onnx`, TINY)));

test.each(casesOf("rate"))("the rate at $share, step $count", ({ share, count, rate: expected }) => {
  expect(rate(share, count, rules)).toBeCloseTo(expected, 9);
});

test.each(casesOf("painting"))("whether a painting shows something to study, $name", ({ picture, fit }) => {
  const check = () => checkPainting(unpack(picture), rules);
  if (fit) expect(check).not.toThrow();
  else expect(check).toThrow("without study it paints as it is");
});

test.each(casesOf("tiles"))("a painting, $name", (each) => {
  const found = tiles(unpack(each.picture), each.short, each.side, rules.tiles);
  expect(found.length).toBe(each.count);
  for (const [i, tile] of each.tiles.entries()) expect(apart(found[i], tile)).toBeLessThanOrEqual(2.01);
  const { mean, covariance, contrast } = coloursOf(found);
  expect(most(mean, each.mean)).toBeLessThan(0.3); // of 100
  expect(most(covariance, each.covariance)).toBeLessThan(0.01 * Math.max(...each.covariance));
  expect(contrast).toBeCloseTo(each.contrast[0], 2);
});

test.each(casesOf("square"))("a square of $side, moved by $shift", (each) => {
  const [left, top, side] = each.square;
  const found = cut(unpack(each.picture), { left, top, side }, each.side, each.shift);
  expect(apart(found, each.cut)).toBeLessThan(5.01); // OpenCV places pixels on a grid of 32nds
  const { down, across, seen } = moved(each.side, each.shift);
  expect([filled(down), filled(across), filled(seen)]).toEqual([each.down, each.across, each.seen]);
});

test.each(casesOf("loop"))("the loop: $name", ({ totals, best, values, over, ...each }) => {
  const state = begin(new Float32Array(2), new Float32Array(1));
  for (const total of totals) {
    const next = state.values.map((value) => value + (total === null ? Number.NaN : 1));
    take(
      state,
      { values: next, moments: state.moments, terms: Float32Array.of(total ?? Number.NaN) },
      Float32Array.of(1),
      rules,
    );
  }
  for (const name of ["mean", "lowest", "since", "count", "slower", "restarts"] as const)
    expect(state[name]).toBeCloseTo(each[name], 5);
  expect([state.best[0], state.values[0], isOver(state, rules)]).toEqual([best, values, over]);
});

/** Four sessions, of graphs with thousands of operators: milliseconds. */
const PATIENCE = 300_000;

test("five steps are Python's, and what is learnt can be written and read", { timeout: PATIENCE }, async () => {
  const [each] = casesOf("steps");
  const ort = (await import("onnxruntime-web/wasm")) as unknown as Runtime;
  ort.env.wasm.numThreads = 1;
  const vgg = { name: "vgg16.safetensors", bytes: new Uint8Array(readFileSync(VGG)) };
  const place: Place = { ort, provider: "wasm", vgg };
  const model = readModel(TINY);
  const step = await openStep(place, model);
  const content = await openContent(place, model, step.side);
  const { weights_rate, style_rate } = each;
  const own = { ...rules, painting_side: step.side, weights_rate, style_rate };
  const targets = {
    ...(await paintingTargets(place, model, unpack(each.painting), step.side, own)),
    ...Object.fromEntries(Object.entries(each.colours).map(([name, value]) => [name, Float32Array.from(value)])),
  };
  const graph = await model.file("frame");
  const start = startOf(graph, step.parameters);
  const state = begin(start, Float32Array.from(waves));
  const weights = weightsFor(step.terms, rules);
  for (const [i, shift] of each.shifts.entries()) {
    const [frame, other] = each.pairs[i].map(planesOf);
    const batch: Batch = { frame, other, content: await content.features(frame), ...moved(step.side, shift) };
    const rates = ratesOf(state, waves.length, each.shares[i], own);
    const found = await step.run(state, rates, weights, targets, batch);
    expect(found.terms.length).toBe(each.terms[i].length);
    for (const [k, term] of found.terms.entries())
      expect(Math.abs(term - each.terms[i][k])).toBeLessThan(1e-3 * (1 + Math.abs(each.terms[i][k])));
    take(state, found, weights, rules);
    levelEnd(state.values, step);
  }
  state.best = state.values;
  const { style, brush } = studied(state, step, start, rules);
  expect(Object.keys(brush).sort()).toEqual(each.brush);

  const painter = await openCpuNetworks(ort, model, () => {});
  painter.setStability(0);
  painter.setStyle(style, brush);
  const { data, ...size } = unpack(each.pairs[0][0]);
  const padding = paddingOf(model.description);
  const found = await painter.paint(data, { size, mirror: false, time: null });
  const painted = cropPlanes(found.painted, size, padding);
  const thinned = painted.filter(
    (_, i) => (i % size.width) % 3 === 0 && (Math.floor(i / size.width) % size.height) % 3 === 0,
  );
  expect(most(thinned, each.painted)).toBeLessThan(1e-3);

  const preview = Uint8Array.of(0xff, 0xd8, 0xff, 0);
  const file = await writeStyle({ style, brush, name: "Reeds", source: "r.jpg", preview }, model.description, graph);
  const read = await readStyle(file, model.description, graph);
  expect(read).toEqual({ style, brush, name: "Reeds", source: "r.jpg", licence: "Apache-2.0", preview });
});

test("a brush is a share of what was learnt, and S is all of it", () => {
  const state = begin(Float32Array.of(0.5, 0), Float32Array.of(7));
  state.best = Float32Array.of(1.5, 0, 8);
  const parameters: [string, number[]][] = [
    ["a", [1]],
    ["b", [1]],
  ];
  const { style, brush } = studied(state, { terms: [], parameters }, Float32Array.of(0.5, 0), rules);
  expect([...style]).toEqual([8]);
  expect(Object.keys(brush)).toEqual(["a"]);
  expect(brush.a[0]).toBeCloseTo(rules.brush_share, 3);
});

test("graphs that cannot be studied with are refused in a sentence", () => {
  const [frame, step] = [graphOf("frame"), graphOf("study")];
  const { terms, parameters } = readStudyGraph(step);
  expect(() => readStudyGraph(frame)).toThrow(/^This model cannot be studied with; .+\.$/);
  expect(() => readStudyGraph(Uint8Array.of(9, 9, 9))).toThrow(/cannot be studied with/);
  expect(() => startOf(frame, [["stem.conv.bias", [99]]])).toThrow(/cannot be studied with/);
  expect(startOf(frame, parameters).length).toBe(parameters.reduce((sum, [, shape]) => sum + countOf({ shape }), 0));
  expect(() => weightsFor([...terms, "another"], rules)).toThrow(/cannot be studied with/);
});

test("a file that Python wrote is written with the same bytes", async () => {
  const model = readModel(TINY);
  const graph = await model.file("frame_fp16");
  for (const name of ["reeds.style", "no-brush.style"]) {
    const bytes = new Uint8Array(readFileSync(new URL(`studied/${name}`, FOLDER)));
    const found = await readStyle(bytes, model.description, graph);
    const description = { ...model.description, licence: found.licence };
    expect(await writeStyle(found, description, graph)).toEqual(bytes);
  }
});

test("numbers that would be refused later are not written", async () => {
  const model = readModel(TINY);
  const rest = { name: "", source: "", preview: new Uint8Array() };
  for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, 101]) {
    const brush = { "end.conv.bias": Float32Array.of(0, wrong, 0) };
    const written = writeStyle(
      { style: Float32Array.from(waves), brush, ...rest },
      model.description,
      graphOf("frame"),
    );
    await expect(written).rejects.toThrow(/cannot be written/);
  }
});

test("a flat frame is not painted as a weave", () => {
  const parameters: [string, number[]][] = [
    ["end.conv.weight", [12, 2, 3, 3]],
    ["end.conv.bias", [12]],
  ];
  const values = Float32Array.from({ length: 12 * 18 + 12 + 3 }, (_, i) => Math.sin(7 * i));
  levelEnd(values, { terms: [], parameters });
  const sumOf = (out: number, input: number) =>
    values.subarray((2 * out + input) * 9, (2 * out + input + 1) * 9).reduce((a, b) => a + b, 0);
  for (let out = 0; out < 12; out++) {
    const first = 4 * Math.floor(out / 4);
    for (const input of [0, 1]) expect(sumOf(out, input)).toBeCloseTo(sumOf(first, input), 5);
    expect(values[12 * 18 + out]).toBeCloseTo(values[12 * 18 + first], 6);
  }
  expect(values.at(-1)).toBeCloseTo(Math.sin(7 * (values.length - 1)), 6); // S stays as it is
});
