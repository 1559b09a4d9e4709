import { expect, test } from "vitest";

import { boxesIn, findBox, movieBox } from "../../../src/clips/container/boxes";
import { readEdits } from "../../../src/clips/container/edits";

// What lists mean is tested with the contract vectors.

const text = (kind: string) => [...kind].map((c) => c.charCodeAt(0));
const size = (n: number) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
const box = (kind: string, ...content: number[]) => [...size(8 + content.length), ...text(kind), ...content];
const view = (bytes: number[]) => new DataView(Uint8Array.from(bytes).buffer);
const blob = (bytes: number[]) => new Blob([Uint8Array.from(bytes)]);

test("boxes are found by their path, with sizes of 64 bits and up to the end, too", async () => {
  const inner = box("trak", ...box("tkhd", 1, 2, 3));
  const long = [...size(1), ...text("mdat"), 0, 0, 0, 0, ...size(16 + 5), 9, 9, 9, 9, 9];
  const file = [...box("ftyp", 7), ...long, ...size(0), ...text("moov"), ...inner];
  const movie = await movieBox(blob(file));
  expect(findBox(movie!, "trak", "tkhd")!.getUint8(2)).toBe(3);
  expect(findBox(movie!, "trak", "edts")).toBe(null);
});

test("a damaged size ends the list", () => {
  const found = [...boxesIn(view([...box("free"), ...size(3), ...text("trak"), 0, 0]))];
  expect(found.map(({ kind }) => kind)).toEqual(["free"]);
  const [cut] = boxesIn(view([...size(100), ...text("free"), 1, 2]));
  expect(cut.body.byteLength).toBe(2);
});

test.each([[[]], [box("mdat", 1)], [[0, 0, 0, 2, ...text("moov")]], [box("moov", ...box("trak"))]])(
  "files without an index or a list have none",
  async (bytes) => {
    expect(await readEdits(blob(bytes))).toEqual(new Map());
  },
);
