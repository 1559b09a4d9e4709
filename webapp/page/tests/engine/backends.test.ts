import { expect, test } from "vitest";

import { candidates, createSlownessCheck, slowerThan, whySentence } from "../../src/engine/backends";
import { transfers } from "../../src/engine/messages";
import { isSoftware, isWebKit } from "../../src/engine/painters/webgpu/device";
import { isOutOfMemory, sentenceOf, Trouble } from "../../src/engine/trouble";

test("the fastest painter comes first, the one asked for before it, the server only where there is one", () => {
  expect(candidates("auto", true)).toEqual(["webgpu", "wasm", "server"]);
  expect(candidates("auto", false)).toEqual(["webgpu", "wasm"]);
  expect(candidates("server", true)).toEqual(["server", "webgpu", "wasm"]);
  expect(slowerThan("webgpu", true)).toEqual(["wasm", "server"]);
  expect(slowerThan("server", true)).toEqual([]);
});

test("why is one sentence", () => {
  expect(whySentence("The graphics card was lost", "wasm")).toBe(
    "The graphics card was lost; painting now runs on the processor.",
  );
  expect(whySentence("The line is full.", "webgpu")).toBe("The line is full; painting now runs on the graphics card.");
});

test("tooSlow ends after several slow frames in a row, not while warming up", () => {
  const tooSlow = createSlownessCheck();
  const slow = (frames: number): number[] => Array(frames).fill(1500);
  const answers = [9000, 9000, ...slow(7), 20, ...slow(8)].map(tooSlow);
  expect(answers.indexOf(true)).toBe(17);
});

test("WebKit is recognised, on iOS and elsewhere", () => {
  const safari =
    "Mozilla/5.0 (iPhone; CPU iPhone OS 26_3 like Mac OS X) AppleWebKit/605.1.15 Version/26.3 Safari/604.1";
  const onIos = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_3 like Mac OS X) AppleWebKit/605.1.15 CriOS/140.0 Safari/604.1";
  const chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36";
  const firefox = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0";
  expect([safari, onIos, chrome, firefox].map(isWebKit)).toEqual([true, true, false, false]);
});

test("software adapters are recognised", () => {
  const card = { vendor: "nvidia", architecture: "hopper", description: "" };
  expect(isSoftware(card)).toBe(false);
  expect(isSoftware({ ...card, isFallbackAdapter: true })).toBe(true);
  expect(isSoftware({ vendor: "google", architecture: "swiftshader", description: "" })).toBe(true);
});

test("errors become sentences", () => {
  expect(sentenceOf(new Trouble("No."), "otherwise")).toBe("No.");
  expect(sentenceOf(new Error("0x7f"), "otherwise")).toBe("otherwise");
  expect(isOutOfMemory(new RangeError("Array buffer allocation failed"))).toBe(true);
  expect(isOutOfMemory(new Error("std::bad_alloc"))).toBe(true);
  expect(isOutOfMemory(new Error("shape mismatch"))).toBe(false);
});

test("frames are handed over, styles are copied", () => {
  const frame = {} as ImageBitmap;
  const size = { width: 8, height: 8 };
  expect(transfers({ kind: "show", frame, size, time: 0 })).toEqual([frame]);
  expect(transfers({ kind: "ask", id: 1, question: { kind: "paint", frame, size, shown: size } })).toEqual([frame]);
  expect(transfers({ kind: "ask", id: 1, question: { kind: "start", prefer: "auto" } })).toEqual([]);
  expect(transfers({ kind: "style", style: new Float32Array(4), brush: {} })).toEqual([]);
  const style = new Float32Array(4);
  expect(transfers({ kind: "answer", id: 1, value: style })).toEqual([style.buffer]);
  expect(transfers({ kind: "answer", id: 1, sentence: "No." })).toEqual([]);
});
