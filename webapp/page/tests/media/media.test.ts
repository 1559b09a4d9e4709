import { afterEach, describe, expect, it, vi } from "vitest";
import { facesPerson, listCameras, stopStream } from "../../src/media/camera";
import { endingOf, pickType, recordingBarrier } from "../../src/media/recorder";

afterEach(() => vi.unstubAllGlobals());

const stream = (settings: MediaTrackSettings, stop = () => {}): MediaStream => {
  const track = { getSettings: () => settings, stop };
  return { getVideoTracks: () => [track], getTracks: () => [track, track] } as unknown as MediaStream;
};

describe("the camera", () => {
  it("is mirrored unless it looks away from the person", () => {
    expect(facesPerson(stream({ facingMode: "user" }))).toBe(true);
    expect(facesPerson(stream({}))).toBe(true);
    expect(facesPerson(stream({ facingMode: "environment" }))).toBe(false);
  });

  it("lists cameras only, each with a name", async () => {
    const devices = [
      { kind: "audioinput", deviceId: "m", label: "Mic" },
      { kind: "videoinput", deviceId: "a", label: "Front" },
      { kind: "videoinput", deviceId: "b", label: "" },
      { kind: "videoinput", deviceId: "", label: "" },
    ];
    vi.stubGlobal("navigator", { mediaDevices: { enumerateDevices: async () => devices } });
    expect(await listCameras()).toEqual([
      { id: "a", label: "Front" },
      { id: "b", label: "Camera 2" },
    ]);
  });

  it("stops every track, and bears there being none", () => {
    const stop = vi.fn();
    stopStream(stream({}, stop));
    stopStream(null);
    expect(stop).toHaveBeenCalledTimes(2);
  });
});

describe("recording", () => {
  it("prefers MP4 and knows its ending", () => {
    expect(pickType(() => true)).toMatch(/^video\/mp4/);
    const webm = pickType((type) => type.startsWith("video/webm"));
    expect(endingOf(webm ?? "")).toBe("webm");
    expect(endingOf("video/mp4;codecs=avc1")).toBe("mp4");
    expect(pickType(() => false)).toBeNull();
  });

  it("says in a sentence where it cannot work", () => {
    expect(recordingBarrier()).toMatch(/cannot record.+\.$/); // Node has no MediaRecorder
  });
});
