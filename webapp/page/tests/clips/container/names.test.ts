import { expect, test } from "vitest";

import { codecName, containerName } from "../../../src/clips/container/names";

const head = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));

test.each([
  ["OggS\0\x02", "an Ogg file"],
  ["RIFF\x10\x20\x30\0AVI LIST", "an AVI file"],
  ["RIFF\x10\x20\x30\0WEBPVP8X", "a picture or an animation"],
  ["FLV\x01", "a Flash video (FLV)"],
  ["\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a Windows Media file (ASF, WMV)"],
  ["GIF89a", "a picture or an animation"],
  ["\0\0\0\x18ftypheic", "a picture (HEIC)"],
  ["\0\0\0\x18ftypisom", null],
  ["anything", null],
  ["", null],
])("%j is %s", (text, name) => {
  expect(containerName(head(text))).toBe(name);
});

test.each([
  ["hevc", null, "H.265, HEVC"],
  ["vorbis", null, "VORBIS"],
  [null, "alac", "Apple Lossless, ALAC"],
  [null, "A_ALAC", "Apple Lossless, ALAC"],
  [null, "ap4h", "Apple ProRes"],
  [null, "mp4v", "MPEG-4 Visual"],
  [null, 2, "MPEG-2"],
  [null, "xyz ", "“xyz”, a format unknown here"],
  [null, null, "an unknown format"],
])("the codec %s, in the file %s, is called %s", (codec, inFile, name) => {
  expect(codecName(codec, inFile)).toBe(name);
});
