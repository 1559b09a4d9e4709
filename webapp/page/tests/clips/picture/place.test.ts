import { expect, test } from "vitest";

import { colourSpaceOf } from "../../../src/clips/picture/colour";
import { placeOf } from "../../../src/clips/picture/place";
import { isInvisible } from "../../../src/clips/picture/vp8";

const size = { width: 96, height: 64 };

test("the first frame fills all; what is over at its right and below is cut off", () => {
  expect(placeOf(size, size, { size, scaled: false })).toEqual({ left: 0, top: 0, ...size });
  const odd = { width: 97, height: 65 };
  expect(placeOf(odd, odd, { size, scaled: false })).toEqual({ left: 0, top: 0, ...odd });
});

test("a turned frame stands in the middle", () => {
  const turned = { width: 64, height: 96 };
  expect(placeOf(turned, size, { size, scaled: false })).toEqual({ left: 26, top: 0, width: 43, height: 64 });
});

test("what a file says of its colours is kept, but for what would convert them", () => {
  const tagged = {
    matrix: "bt2020-ncl",
    fullRange: true,
    primaries: "bt2020",
    transfer: "hlg",
  } as unknown as VideoColorSpaceInit;
  const stated = { matrix: "bt2020-ncl", fullRange: true, primaries: "bt709", transfer: "bt709" };
  expect(colourSpaceOf(tagged, size, "avc")).toEqual(stated);
  expect(colourSpaceOf({ matrix: null, fullRange: null }, size, null)).toMatchObject({
    matrix: "smpte170m",
    fullRange: false,
  });
});

test("VP8 frames say whether they are shown", () => {
  expect([0x10, 0x11, 0x00, 0x01].map((first) => isInvisible(Uint8Array.of(first, 0)))).toEqual([
    false,
    false,
    true,
    true,
  ]);
  expect(isInvisible(new Uint8Array())).toBe(false);
});
