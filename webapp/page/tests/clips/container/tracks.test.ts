import {
  BufferSource,
  BufferTarget,
  EncodedPacket,
  EncodedVideoPacketSource,
  Input,
  MATROSKA,
  MkvOutputFormat,
  MP4,
  Mp4OutputFormat,
  Output,
} from "mediabunny";
import { expect, it } from "vitest";

import { pictureTrack } from "../../../src/clips/container/tracks";

/** A file of pictures of these widths, each with a few packets; those `marked` are the file's own choice. */
async function fileOf(format: MkvOutputFormat | Mp4OutputFormat, tracks: { width: number; marked: boolean }[]) {
  const output = new Output({ format, target: new BufferTarget() });
  const sources = tracks.map(({ marked }) => {
    const source = new EncodedVideoPacketSource("vp8");
    output.addVideoTrack(source, { disposition: { default: marked } });
    return source;
  });
  await output.start();
  for (const [index, { width }] of tracks.entries()) {
    const config = { codec: "vp8", codedWidth: width, codedHeight: 16 };
    for (const n of [0, 1, 2]) {
      const packet = new EncodedPacket(new Uint8Array(width), n === 0 ? "key" : "delta", n / 25, 1 / 25);
      await sources[index].add(packet, { decoderConfig: config });
    }
    sources[index].close();
  }
  await output.finalize();
  return new Input({ source: new BufferSource(output.target.buffer as ArrayBuffer), formats: [MATROSKA, MP4] });
}

it.each([
  ["none marked: the first, were another larger", [false, false, false], 16],
  ["all marked: the first", [true, true, true], 16],
  ["the one that is marked", [false, true, false], 64],
  ["the first of those that are marked", [false, true, true], 64],
])("%s", async (_, marked, width) => {
  const widths = [16, 64, 256];
  for (const format of [new MkvOutputFormat(), new Mp4OutputFormat()]) {
    const input = await fileOf(
      format,
      widths.map((each, n) => ({ width: each, marked: marked[n] })),
    );
    const track = await pictureTrack(input);
    expect(await track?.getCodedWidth()).toBe(width);
  }
});
