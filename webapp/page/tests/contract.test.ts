// The contract vectors in TypeScript, with the page's own modules and no browser. Python reads the same:
// tests/contract/test_contract.py, where README.md says what a case is.
import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";

import { beforeAll, describe, expect, test } from "vitest";

import { cutsSound, readEdits } from "../src/clips/container/edits";
import { colourSpaceOf } from "../src/clips/picture/colour";
import { placeOf } from "../src/clips/picture/place";
import { toneMap } from "../src/clips/picture/tone";
import { clipSize } from "../src/clips/size";
import { checkDescription } from "../src/engine/model/description";
import { checkFile, type Model } from "../src/engine/model/model";
import { mixed, pictureSize } from "../src/engine/model/person";
import { blend } from "../src/engine/model/style";
import { licenceNote, readStyle } from "../src/engine/model/style-file";
import { enlarge } from "../src/engine/painters/canvas/detail";
import { padded, paddingOf } from "../src/engine/painters/canvas/pixels";
import { createScenes } from "../src/engine/painters/canvas/scenes";
import type { Transfer } from "../src/hdr";
import type { ModelDescription, StyleFile } from "../src/types";
import { createPainter, type Painter, type Picture, readModel } from "./contract-painter";

const FOLDER = new URL("../../../tests/contract/", import.meta.url);
const TINY = new URL("tiny/", FOLDER);

/** uint8 [H,W,channels]: base64 of its compressed bytes. */
interface Packed {
  shape: [number, number, number];
  zlib: string;
}
interface Step {
  frame: Packed;
  painted: Packed;
  style?: Record<string, number>;
  strength?: number;
  keep_colors?: boolean;
  stability?: number;
  /** Seconds. */
  time?: number;
}
interface Studied {
  style: number[];
  /** Parameter → the sum of its part. */
  brush: Record<string, number>;
  title: string;
  licence: string;
  source: string;
  note: string | null;
  /** Bytes. */
  preview: number;
}
type Case =
  | { kind: "paint"; name: string; steps: Step[] }
  | { kind: "style"; name: string; picture: Packed; style: number[] }
  | { kind: "blend"; styles: string[]; weights: number[]; blended?: number[]; refused?: boolean }
  | { kind: "model"; name: string; change?: object; sentence?: string; frame_by_frame?: boolean; damaged?: string }
  | { kind: "studied"; name: string; sentence: string }
  | ({ kind: "studied"; name: string; sentence?: undefined } & Studied)
  | { kind: "padding"; size: [number, number]; padded: [number, number] }
  | { kind: "detail"; name: string; painting: Packed; frame: Packed; shown: Packed }
  | { kind: "person_size"; size: [number, number]; picture: [number, number] }
  | {
      kind: "person";
      name: string;
      lines: number[][];
      size: [number, number];
      frame: Packed;
      person: Packed;
      rest: Packed;
      shown: Packed;
    }
  | { kind: "clip_size"; size: [number, number]; side: number; painted: [number, number] }
  | { kind: "tone"; name: Transfer; codes: number[][]; shown: number[][] }
  | {
      kind: "fitted";
      size: [number, number];
      first: [number, number];
      into: [number, number];
      fitted: [number, number];
    }
  | { kind: "matrix"; codec: string; size: [number, number]; full_range: boolean; matrix: string }
  | { kind: "scenes"; name: string; frames: Packed[]; begins: boolean[] }
  | { kind: "edits"; name: string; file: string; parts?: number[][]; cuts_sound?: boolean; refused?: string };

const { styles, cases }: { styles: Record<string, number[]>; cases: Case[] } = JSON.parse(
  readFileSync(new URL("cases.json", FOLDER), "utf8"),
);
const casesOf = <K extends Case["kind"]>(kind: K) =>
  cases.filter((each): each is Extract<Case, { kind: K }> => each.kind === kind);

/** RGB or RGBA bytes as RGBA. */
function unpack({ shape: [height, width, channels], zlib }: Packed): Picture {
  const bytes = inflateSync(Buffer.from(zlib, "base64"));
  const data = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let i = 0; i < width * height; i++) data.set(bytes.subarray(channels * i, channels * (i + 1)), 4 * i);
  return { data, width, height };
}

/** The largest and the mean difference of two lists of numbers. */
function apart(a: ArrayLike<number>, b: ArrayLike<number>): { most: number; mean: number } {
  expect(a.length).toBe(b.length);
  let [most, sum] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i]);
    most = Math.max(most, difference);
    sum += difference;
  }
  return { most, mean: sum / a.length };
}

const bytesOf = (file: string) => new Uint8Array(readFileSync(new URL(`studied/${file}`, FOLDER)));
const read = async (file: string) => readStyle(bytesOf(file), description, await model.file("frame_fp16"), file);

/** A style that a case names: a vector, or a `.style` file. */
const chosen = async (name: string): Promise<Pick<StyleFile, "style" | "brush">> =>
  name in styles ? { style: Float32Array.from(styles[name]), brush: {} } : read(name);

let model: Model;
let description: ModelDescription;
let painter: Painter;
beforeAll(async () => {
  model = readModel(TINY);
  ({ description } = model);
  painter = await createPainter(model);
});

test("there are cases of every kind", () => {
  const painting: Case["kind"][] = ["paint", "style", "blend", "model", "studied", "padding", "detail"];
  const persons: Case["kind"][] = ["person_size", "person"];
  const clips: Case["kind"][] = ["clip_size", "tone", "fitted", "matrix", "scenes", "edits"];
  expect(new Set(cases.map(({ kind }) => kind))).toEqual(new Set([...painting, ...persons, ...clips]));
});

test.each(casesOf("paint"))("painted: $name", async ({ steps }) => {
  Object.assign(painter.view, { strength: 1, keepColors: false });
  painter.setStability(1);
  painter.reset();
  for (const { frame, painted, style, strength, keep_colors, stability, time } of steps) {
    if (style) {
      const names = Object.keys(style);
      painter.use(await Promise.all(names.map(chosen)), Object.values(style));
    }
    if (strength !== undefined) painter.view.strength = strength;
    if (keep_colors !== undefined) painter.view.keepColors = keep_colors;
    if (stability !== undefined) painter.setStability(stability);
    const found = await painter.paint(unpack(frame), time === undefined ? null : 1000 * time);
    const { most, mean } = apart(found, unpack(painted).data);
    expect(most).toBeLessThanOrEqual(2);
    // The fourth byte of a pixel never differs. Where colours are kept, the page starts from levels that are rounded.
    expect((mean * 4) / 3).toBeLessThan(painter.view.keepColors ? 0.2 : 0.1);
  }
});

test.each(casesOf("style"))("seen: $name", async ({ picture, style }) => {
  const { most } = apart(await painter.encode(unpack(picture)), style);
  expect(most).toBeLessThan(0.01 * Math.max(...style.map(Math.abs)));
});

test.each(casesOf("blend"))("blended: $styles, $weights", ({ styles: names, weights, blended, refused }) => {
  const vectors = names.map((name) => styles[name]);
  if (refused) expect(() => blend(vectors, weights)).toThrow(/^[A-Z].*\.$/);
  else expect(apart(blend(vectors, weights), blended!).most).toBeLessThanOrEqual(1e-5);
});

describe("model folders", () => {
  const written = JSON.parse(readFileSync(new URL("model.json", TINY), "utf8"));

  test.each(casesOf("model"))("$name", async ({ change, sentence, frame_by_frame, damaged }) => {
    if (damaged) {
      const bytes = new Uint8Array(readFileSync(new URL(damaged, TINY)));
      bytes[bytes.length - 1] ^= 1;
      const entry = Object.values(description.files).find(({ file }) => file === damaged)!;
      await expect(checkFile(bytes.buffer, entry)).rejects.toThrow(`${damaged} is damaged`);
      return;
    }
    const read = () => checkDescription({ ...written, ...change }, "tiny");
    if (sentence) expect(read).toThrow(new Error(sentence)); // the very same
    // An older format names no rules; the page then takes those that Python wrote into this one.
    if (frame_by_frame) expect(read()).toMatchObject({ state: [], rules: written.rules });
  });
});

test.each(casesOf("studied"))("a .style file: $name", async (each) => {
  if (each.sentence !== undefined) {
    await expect(read(each.name)).rejects.toThrow(new Error(each.sentence)); // the very same
    return;
  }
  const found = await read(each.name);
  expect(apart(found.style, each.style).most).toBeLessThanOrEqual(1e-5);
  expect(Object.keys(found.brush).sort()).toEqual(Object.keys(each.brush).sort());
  for (const [name, part] of Object.entries(found.brush)) {
    expect(part.reduce((a, b) => a + b, 0)).toBeCloseTo(each.brush[name], 3);
  }
  expect([found.name, found.licence, found.source]).toEqual([each.title, each.licence, each.source]);
  expect(licenceNote(found, description)).toBe(each.note);
  expect(found.preview.length).toBe(each.preview);
});

test.each(casesOf("padding"))("padded: $size", ({ size: [width, height], padded: [right, below] }) => {
  expect(padded({ width, height }, paddingOf(description))).toEqual({ width: right, height: below });
});

test.each(casesOf("clip_size"))("a clip of $size at $side", ({ size: [width, height], side, painted }) => {
  const size = clipSize({ width, height }, side, description.rules.clip_multiple);
  expect([size.width, size.height]).toEqual(painted);
});

test.each(casesOf("detail"))("shown: $name", ({ painting, frame, shown }) => {
  const [small, large] = [unpack(painting), unpack(frame)];
  const found = enlarge(small.data as Uint8ClampedArray<ArrayBuffer>, small, large.data, large, description.rules);
  expect(apart(found, unpack(shown).data).most).toBeLessThanOrEqual(2);
});

test.each(casesOf("person_size"))("a person in a frame of $size", ({ size: [width, height], picture }) => {
  const found = pictureSize({ width, height }, description.rules.person);
  expect([found.width, found.height]).toEqual(picture);
});

test.each(casesOf("person"))("person and rest: $name", ({ lines, size: [width, height], shown, ...pictures }) => {
  const [frame, person, rest] = [pictures.frame, pictures.person, pictures.rest].map(unpack);
  const given = [Float32Array.from(lines.flat()), { width, height }] as const;
  const found = mixed(...given, frame.data, person.data, rest.data, frame, description.rules);
  expect(apart(found, unpack(shown).data).most).toBeLessThanOrEqual(2);
});

test.each(casesOf("tone"))("HDR: $name", ({ name, codes, shown }) => {
  const pixels = Uint8ClampedArray.from(codes.flatMap((code) => [...code, 255]));
  toneMap(pixels, name);
  expect(
    apart(
      pixels,
      shown.flatMap((each) => [...each, 255]),
    ).most,
  ).toBeLessThanOrEqual(1);
});

const asSize = ([width, height]: [number, number]) => ({ width, height });

test.each(casesOf("fitted"))("a frame of $size after one of $first", ({ size, first, into, fitted }) => {
  const { width, height } = placeOf(asSize(size), asSize(first), { size: asSize(into), scaled: true });
  expect([width, height]).toEqual(fitted);
});

test.each(casesOf("matrix"))("an untagged clip of $codec, $size, full range: $full_range", (clip) => {
  expect(colourSpaceOf({ fullRange: clip.full_range }, asSize(clip.size), clip.codec).matrix).toBe(clip.matrix);
});

test.each(casesOf("scenes"))("where $name begins a scene", ({ frames, begins }) => {
  const scenes = createScenes();
  expect(frames.map(unpack).map((frame) => scenes.begins(frame.data, frame))).toEqual(begins);
});

test.each(casesOf("edits"))("an edit list of $name", async ({ file, parts, cuts_sound, refused }) => {
  const read = readEdits(new Blob([Buffer.from(file, "base64")]));
  if (refused) return expect(read).rejects.toThrow(new Error(`This clip ${refused}`)); // the same but for the name
  const list = (await read).get(7)!;
  const found = list.edits.flatMap(({ start, end, at }) => [start, end, at]);
  expect(apart(found, parts!.flat()).most).toBeLessThan(1e-4);
  expect(cutsSound(list)).toBe(cuts_sound);
});
