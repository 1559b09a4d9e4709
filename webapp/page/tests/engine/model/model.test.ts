import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";

import { afterEach, expect, test, vi } from "vitest";
import { checkDescription, readDescription } from "../../../src/engine/model/description";
import type { DownloadProgress } from "../../../src/engine/model/download";
import { unpack } from "../../../src/engine/model/download";
import { checkFile, createModel } from "../../../src/engine/model/model";

const graph = new TextEncoder().encode("a graph");
const entry = { file: "frame.onnx", bytes: graph.length, sha256: createHash("sha256").update(graph).digest("hex") };
const rules = {
  luma: [0.3, 0.6, 0.1],
  background: [255, 255, 255],
  styles_at_once: 4,
  least_side: 64,
  clip_multiple: 2,
  detail: 0.5,
  person: { multiple: 8, pixels: 4096, sides: [32, 512], hold: 0.5, curve: [0.4, 0.6], least: 0.01 },
};
const state = [{ name: "last_painting", from: "painted", channels: 3, over: 1 }];
const description = {
  format: 3,
  name: "m",
  revision: "0.19",
  style_size: 4,
  style_side: 256,
  multiple: 32,
  rules,
  state,
  files: { frame: entry, step: { ...entry, file: "step.onnx" } },
  licence: "Apache-2.0",
  weights: "",
};
const quiet = () => {};
const load = (progress: DownloadProgress = quiet) =>
  createModel("http://place/live/models/m/", checkDescription(description, "m"), progress);

afterEach(() => vi.unstubAllGlobals());

/** Answers by the end of the address; everything else is missing. */
function serve(files: Record<string, BodyInit>): string[] {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (url: string) => {
    asked.push(url);
    const name = Object.keys(files).find((each) => url.endsWith(each));
    return name ? new Response(files[name]) : new Response("", { status: 404 });
  });
  return asked;
}

/** A Cache API that remembers. */
function remember(): Map<string, ArrayBuffer> {
  const kept = new Map<string, ArrayBuffer>();
  const cache = {
    match: async (url: string) => (kept.has(url) ? new Response(kept.get(url)!.slice(0)) : undefined),
    put: async (url: string, response: Response) => void kept.set(url, await response.arrayBuffer()),
    delete: async (url: string) => kept.delete(url),
  };
  vi.stubGlobal("caches", { keys: async () => [], open: async () => cache });
  return kept;
}

test("a description is read as it is", async () => {
  const asked = serve({ "model.json": JSON.stringify({ ...description, layout: [], figures: {} }) });
  expect(await readDescription("http://place/live/models/m/")).toEqual(description);
  expect(asked).toEqual(["http://place/live/models/m/model.json"]);
});

test("a newer model is refused in the words of the Python runtime", () => {
  const sentence = "The model later was made by a newer Impasto (format 4); upgrade Impasto.";
  expect(() => checkDescription({ format: 4, name: "later" }, "m")).toThrow(sentence);
});

test("an older model is painted frame by frame, by rules that it does not name", () => {
  for (const format of [1, 2]) {
    const { rules: _, revision: __, ...older } = { ...description, format };
    const read = checkDescription(older, "m");
    expect(read.state).toEqual([]);
    expect(read.rules.least_side).toBe(64);
    expect(read.files).toEqual(description.files);
  }
});

test.each<[string, unknown]>([
  ["nothing", null],
  ["no object", [3]],
  ["no format", { ...description, format: undefined }],
  ["a format in words", { ...description, format: "3" }],
  ["no name", { ...description, name: "" }],
  ["a size that is none", { ...description, style_size: -4 }],
  ["half a pixel", { ...description, multiple: 31.5 }],
  ["a side that is no multiple", { ...description, rules: { ...rules, least_side: 65 } }],
  ["no rules", { ...description, rules: undefined }],
  ["two weights", { ...description, rules: { ...rules, luma: [0.5, 0.5] } }],
  ["a colour beyond white", { ...description, rules: { ...rules, background: [255, 255, 256] } }],
  ["a state of no size", { ...description, state: [{ ...state[0], over: 0 }] }],
  ["a state between pixels", { ...description, state: [{ ...state[0], over: 3 }] }],
  ["state without a graph", { ...description, files: { frame: entry } }],
  ["no frame graph", { ...description, files: { step: entry } }],
  ["a file elsewhere", { ...description, files: { ...description.files, frame: { ...entry, file: "../frame.onnx" } } }],
  [
    "a file of another host",
    { ...description, files: { ...description.files, frame: { ...entry, file: "//host/x" } } },
  ],
  ["no hash", { ...description, files: { ...description.files, frame: { ...entry, sha256: "" } } }],
])("a description with %s is refused in one sentence", (_, data) => {
  expect(() => checkDescription(data, "m")).toThrow(/^The description of the model m is damaged; .*\.$/);
});

test("size and hash are checked", async () => {
  await expect(checkFile(graph.slice().buffer, entry)).resolves.toBeUndefined();
  await expect(checkFile(new TextEncoder().encode("a grape").buffer, entry)).rejects.toThrow("frame.onnx is damaged");
  await expect(checkFile(new ArrayBuffer(3), entry)).rejects.toThrow("frame.onnx is damaged");
});

test("where the browser cannot hash, the size is checked", async () => {
  vi.stubGlobal("crypto", {});
  await expect(checkFile(new TextEncoder().encode("a grape").buffer, entry)).resolves.toBeUndefined();
  await expect(checkFile(new ArrayBuffer(3), entry)).rejects.toThrow("damaged");
});

test("a file is downloaded once, with progress, and kept under its hash", async () => {
  const asked = serve({ "frame.onnx": graph });
  const kept = remember();
  const progress = vi.fn();
  const file = () => load(progress).file("frame_fp16", "frame");
  expect(await file()).toEqual(graph);
  expect(progress).toHaveBeenLastCalledWith("frame.onnx", graph.length, graph.length);
  expect([...kept.keys()]).toEqual([`http://place/live/models/m/frame.onnx?key=${entry.sha256}`]);
  expect(await file()).toEqual(graph);
  expect(asked.filter((url) => url.endsWith("frame.onnx"))).toHaveLength(1);
});

test("a damaged file is not kept; one damaged in the cache is downloaded again", async () => {
  const kept = remember();
  serve({ "frame.onnx": "another" });
  await expect(load().file("frame")).rejects.toThrow("damaged");
  expect(kept.size).toBe(0);
  serve({ "frame.onnx": graph });
  kept.set(`http://place/live/models/m/frame.onnx?key=${entry.sha256}`, new ArrayBuffer(2));
  expect(await load().file("frame")).toEqual(graph);
});

test("of roles that would do, the one that is there already is taken", async () => {
  const asked = serve({ "frame.onnx": graph, "step.onnx": graph });
  const model = load();
  await model.file("step");
  await model.file("frame", "step");
  expect(asked).toEqual(["http://place/live/models/m/step.onnx"]);
});

test("a file that the gallery names is checked and kept like the others, and nobody is told of it", async () => {
  const asked = serve({ "styles/one.style": graph });
  const kept = remember();
  const progress = vi.fn();
  const file = { ...entry, file: "styles/one.style" };
  for (let visit = 0; visit < 2; visit++) expect(await load(progress).beside(file)).toEqual(graph);
  expect(asked).toEqual(["http://place/live/models/m/styles/one.style"]);
  expect(kept.size).toBe(1);
  expect(progress).not.toHaveBeenCalled();
  kept.clear();
  await expect(load().beside({ ...file, bytes: 3 })).rejects.toThrow("damaged");
});

test("what is missing is said", async () => {
  serve({ "broken/model.json": "{" });
  await expect(readDescription("http://place/models/broken/")).rejects.toThrow(
    "description of the model broken is damaged",
  );
  await expect(readDescription("http://place/models/none/")).rejects.toThrow("The model none could not be downloaded");
  await expect(load().file("frame")).rejects.toThrow("404");
  await expect(load().file("style")).rejects.toThrow("no file for style");
  vi.stubGlobal("fetch", async () => Promise.reject(new TypeError("offline")));
  await expect(readDescription("http://place/models/m/")).rejects.toThrow("check the connection");
});

test("gzip is unpacked, and what a server unpacked already is left alone", async () => {
  const packed = new Uint8Array(gzipSync(graph)).buffer;
  expect(new Uint8Array(await unpack(packed))).toEqual(graph);
  expect(new Uint8Array(await unpack(graph.slice().buffer))).toEqual(graph);
});
