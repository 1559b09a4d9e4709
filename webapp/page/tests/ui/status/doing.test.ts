import { describe, expect, test } from "vitest";

import { after, type Doing, type Happening, NOTHING, signOf } from "../../../src/ui/status/doing";

const size = { width: 320, height: 240 };
const E = {
  asked: { kind: "source", source: "asked" },
  open: { kind: "source", source: "open" },
  none: { kind: "source", source: "none" },
  opening: { kind: "opening", backend: "wasm" },
  half: { kind: "download", file: "frame.onnx", loaded: 500_000, total: 1_000_000 },
  whole: { kind: "download", file: "frame.onnx", loaded: 1_000_000, total: 1_000_000 },
  unknown: { kind: "download", file: "runtime", loaded: 700_000, total: 0 },
  second: { kind: "waiting", place: 2 },
  backend: { kind: "backend", backend: "wasm", detail: "", why: null, canvas: null as never },
  painted: { kind: "painted", size, paintMs: 1, latencyMs: 1 },
  stale: { kind: "stale" },
  note: { kind: "note", sentence: "" },
  trouble: { kind: "trouble", sentence: "", fatal: false, passing: false },
  fatal: { kind: "trouble", sentence: "", fatal: true, passing: false },
  reading: { kind: "reading", title: "stripes" },
  read: { kind: "reading", title: null },
  clip: { kind: "clip", open: true },
  clipEnds: { kind: "clip", open: false },
  still: { kind: "still", busy: true },
  stillEnds: { kind: "still", busy: false },
} satisfies Record<string, Happening>;
type Name = keyof typeof E;

const reached = (...names: Name[]): Doing => names.reduce((now, name) => after(now, E[name]), NOTHING);
const sign = (...names: Name[]): string | null => signOf(reached(...names))?.text ?? null;

const ALLOW = "Waiting for the picture: the browser may ask you to allow it.";
const FETCHING = "Fetching the painter, once: 0.5 MB of 1.0 MB";
const [PREPARING, FIRST] = ["Preparing the painter…", "The first frame is being painted…"];
const [READING, SNAPSHOT] = ["Reading “stripes”…", "Painting the snapshot…"];
const LINE = "The server is busy. You are number 2 in line.";
const LIVE: Name[] = ["asked", "open", "opening", "backend", "painted"];

test("nothing is said before anything was asked for", () => {
  expect(signOf(NOTHING)).toBeNull();
});

test("the way to the first painting, step by step", () => {
  const way: [Name, string | null][] = [
    ["asked", ALLOW],
    ["open", null],
    ["opening", PREPARING],
    ["half", FETCHING],
    ["whole", PREPARING],
    ["backend", FIRST],
    ["painted", null],
    ["stale", null],
    ["painted", null],
  ];
  for (const [i, [, says]] of way.entries()) {
    expect(sign(...way.slice(0, i + 1).map(([name]) => name))).toBe(says);
  }
});

test("what was painted last stays in sight when the source ends, until another is there", () => {
  expect(reached(...LIVE, "none").painted).toBe(true);
  expect(reached(...LIVE, "none", "asked").painted).toBe(true);
  expect(reached(...LIVE, "none", "asked", "open").painted).toBe(false);
});

describe("each edge from the live picture", () => {
  test.each<[string, Name[], string | null]>([
    ["another source is asked for", ["asked"], ALLOW],
    ["and refused: the one before goes on", ["asked", "open", "painted"], null],
    ["and there: its first frame is awaited", ["asked", "open"], FIRST],
    ["the camera is unplugged", ["none"], null],
    ["another painter opens, the old one goes on painting", ["opening", "painted"], PREPARING],
    ["and is there", ["opening", "painted", "backend"], FIRST],
    ["and paints", ["opening", "painted", "backend", "painted"], null],
    ["another painter cannot be opened: the old one stays", ["opening", "half", "trouble"], null],
    ["the last painter fails", ["opening", "fatal"], null],
    ["the server has a line", ["opening", "second"], LINE],
    ["and lets us in", ["opening", "second", "backend", "painted"], null],
    ["the place was lost, and is had again", ["second", "painted"], null],
    ["what holds the painting steady is fetched", ["half"], FETCHING],
    ["and is there", ["half", "whole"], null],
    ["or does not work", ["half", "note"], null],
    ["an own picture is read", ["reading"], READING],
    ["the old style goes on meanwhile", ["reading", "painted"], READING],
    ["what reads pictures is fetched first", ["reading", "half"], FETCHING],
    ["read", ["reading", "whole", "read"], null],
    ["it cannot be read: the download broke off", ["reading", "half", "read"], null],
    ["a snapshot is painted", ["still"], SNAPSHOT],
    ["and saved", ["still", "stillEnds"], null],
    ["a clip is painted", ["clip"], null],
    ["by a painter that opens first", ["clip", "opening"], PREPARING],
    ["and closed", ["clip", "opening", "backend", "clipEnds", "painted"], null],
  ])("%s", (_, names, says) => {
    expect(sign(...LIVE, ...names)).toBe(says);
  });
});

test("a clip painted before any source leaves no sign behind", () => {
  expect(sign("clip", "opening")).toBe(PREPARING);
  expect(sign("clip", "opening", "half")).toBe(FETCHING);
  expect(sign("clip", "opening", "half", "whole", "backend")).toBeNull();
  expect(sign("clip", "opening", "half", "whole", "backend", "painted", "clipEnds")).toBeNull();
});

test("a source opened after that awaits its first frame", () => {
  expect(sign("clip", "opening", "backend", "clipEnds", "asked", "open")).toBe(FIRST);
});

test("how far a download is, and nothing where its length is unknown", () => {
  expect(signOf(reached("asked", "open", "opening", "half"))?.share).toBe(0.5);
  expect(signOf(reached("asked", "open", "opening", "unknown"))).toEqual({
    text: "Fetching the painter, once: 0.7 MB",
    share: null,
  });
  expect(signOf(reached("asked", "open", "opening"))?.share).toBeNull();
});

test("no state stays busy: whatever happened, ends bring the picture back", () => {
  const ends: Name[] = ["clipEnds", "stillEnds", "read", "open", "backend", "painted"];
  const names = Object.keys(E) as Name[];
  for (const a of names) for (const b of names) for (const c of names) expect(sign(a, b, c, ...ends)).toBeNull();
});
