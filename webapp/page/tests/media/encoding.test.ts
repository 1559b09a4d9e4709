import { describe, expect, it } from "vitest";

import { inOrder, withParametersInStream } from "../../src/media/encoding";

const config = (codec: string): VideoEncoderConfig => ({ codec, width: 640, height: 480 });
const changed = (change: (config: VideoEncoderConfig) => void, codec: string) => {
  const given = config(codec);
  change(given);
  return given;
};

describe("how pictures are encoded", () => {
  it("has the parameters of H.264 in the stream, where no browser damages them", () => {
    expect(changed(withParametersInStream, "avc1.64001f")).toEqual({
      ...config("avc1.64001f"),
      avc: { format: "annexb" },
    });
    expect(changed(withParametersInStream, "vp09.00.31.08")).toEqual(config("vp09.00.31.08"));
  });

  it("uses a profile without frames that wait for others where they come live", () => {
    expect(changed(inOrder, "avc1.640028")).toEqual({ ...config("avc1.420028"), avc: { format: "annexb" } });
    expect(changed(inOrder, "av01.0.05M.08")).toEqual(config("av01.0.05M.08"));
  });
});
