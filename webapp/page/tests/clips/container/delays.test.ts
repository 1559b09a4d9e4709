import { expect, test } from "vitest";

import { readDelays } from "../../../src/clips/container/delays";

/** An EBML element; `width`: bytes of its size, and -1 for a size that is not known. */
function element(id: number[], content: number[], width = 1): number[] {
  const wide = Math.abs(width) === 1 && content.length > 126 ? 8 : Math.abs(width);
  const size = Array.from({ length: wide }, (_, i) =>
    i < wide - 4 ? 0 : (content.length >>> (8 * (wide - 1 - i))) & 255,
  );
  if (width < 0) size.fill(255);
  size[0] |= 128 >> (wide - 1);
  return [...id, ...(width < 0 ? [0xff] : size), ...content];
}

const number = (id: number[], ...bytes: number[]) => element(id, bytes);
const track = (n: number, ...more: number[]) => element([0xae], [...number([0xd7], n), ...number([0x83], 2), ...more]);
const delay = number([0x56, 0xaa], 0x63, 0x2e, 0xa0); // 6.5 ms in nanoseconds
const HEAD = element([0x1a, 0x45, 0xdf, 0xa3], number([0x42, 0x86], 1));
const SEGMENT = [0x18, 0x53, 0x80, 0x67];
const TRACKS = [0x16, 0x54, 0xae, 0x6b];
const VOID = element([0xec], new Array(300).fill(0));
const CLUSTER = element([0x1f, 0x43, 0xb6, 0x75], [0xe7, 0x81, 0]);
const read = (...bytes: number[]) => readDelays(new Blob([Uint8Array.from(bytes)]));

test.each([
  ["a short size", 1],
  ["a size of eight bytes", 8],
  ["no size, as recorders write", -1],
])("a segment with %s", async (_, width) => {
  const tracks = element(TRACKS, [...track(1), ...track(3, ...delay)], 8);
  const found = await read(...HEAD, ...element(SEGMENT, [...VOID, ...tracks, ...CLUSTER], width));
  expect([...found.keys()]).toEqual([3]);
  expect(found.get(3)).toBeCloseTo(0.0065, 9);
});

test("files without tracks, or that are something else, have no delays", async () => {
  expect(await read(...HEAD, ...element(SEGMENT, CLUSTER))).toEqual(new Map());
  expect(await read(...HEAD)).toEqual(new Map());
  expect(await read()).toEqual(new Map());
  expect(await read(0, 0, 0, 20, 102, 116, 121, 112)).toEqual(new Map());
});

test("a damaged size ends the search", async () => {
  const tracks = element(TRACKS, track(1, ...delay));
  expect((await read(...HEAD, ...element(SEGMENT, tracks.slice(0, 12)))).size).toBe(0);
});
