import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";

import { afterEach, expect, test, vi } from "vitest";

import { unpack } from "../../../src/engine/model/download";
import { checkFile, loadModel } from "../../../src/engine/model/model";

const graph = new TextEncoder().encode("a graph");
const entry = { file: "frame.onnx", bytes: graph.length, sha256: createHash("sha256").update(graph).digest("hex") };
const description = {
  format: 2,
  name: "m",
  style_size: 4,
  multiple: 8,
  style_side: 256,
  state: [],
  files: { frame: entry },
  licence: "",
};

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

test("a step graph of an earlier kind is left alone", async () => {
  const state = [{ name: "previous", from: "frame" }];
  for (const format of [1, 2]) {
    serve({ "model.json": JSON.stringify({ ...description, format, state }) });
    expect((await loadModel("https://here/", "m", () => {})).description.state).toHaveLength(format - 1);
  }
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
  const asked = serve({ "models/m/model.json": JSON.stringify(description), "frame.onnx": graph });
  const kept = remember();
  const progress = vi.fn();
  const load = async () => (await loadModel("http://place/live/", "m", progress)).file("frame_fp16", "frame");
  expect(await load()).toEqual(graph);
  expect(progress).toHaveBeenLastCalledWith("frame.onnx", graph.length, graph.length);
  expect([...kept.keys()]).toEqual([`http://place/live/models/m/frame.onnx?key=${entry.sha256}`]);
  expect(await load()).toEqual(graph);
  expect(asked.filter((url) => url.endsWith("frame.onnx"))).toHaveLength(1);
});

test("a damaged file is not kept; one damaged in the cache is downloaded again", async () => {
  const kept = remember();
  serve({ "model.json": JSON.stringify(description), "frame.onnx": "another" });
  await expect((await loadModel("http://place/", "m", () => {})).file("frame")).rejects.toThrow("damaged");
  expect(kept.size).toBe(0);
  serve({ "model.json": JSON.stringify(description), "frame.onnx": graph });
  kept.set(`http://place/models/m/frame.onnx?key=${entry.sha256}`, new ArrayBuffer(2));
  expect(await (await loadModel("http://place/", "m", () => {})).file("frame")).toEqual(graph);
});

test("what is missing is said", async () => {
  serve({ "broken/model.json": "{", "model.json": JSON.stringify(description) });
  await expect(loadModel("http://place/", "broken", () => {})).rejects.toThrow(
    "description of the model broken is damaged",
  );
  const model = await loadModel("http://place/", "m", () => {});
  await expect(model.file("frame")).rejects.toThrow("404");
  await expect(model.file("style")).rejects.toThrow("no file for style");
  vi.stubGlobal("fetch", async () => Promise.reject(new TypeError("offline")));
  await expect(loadModel("http://place/", "m", () => {})).rejects.toThrow("check the connection");
});

test("gzip is unpacked, and what a server unpacked already is left alone", async () => {
  const packed = new Uint8Array(gzipSync(graph)).buffer;
  expect(new Uint8Array(await unpack(packed))).toEqual(graph);
  expect(new Uint8Array(await unpack(graph.slice().buffer))).toEqual(graph);
});
