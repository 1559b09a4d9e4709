import { afterEach, describe, expect, it, vi } from "vitest";
import { facesPerson, listCameras, stopStream, wholeView } from "../../src/media/camera";
import { recordingBarrier } from "../../src/media/recorder";
import { createTimeline } from "../../src/media/writing";

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

  it("is asked for its sensor's shape where its picture has another", () => {
    const sensor = { width: { max: 2592 }, height: { max: 1944 } };
    expect(wholeView(sensor, { width: 1280, height: 720 })).toMatchObject({
      width: { ideal: 1280 },
      height: { ideal: 960 },
      resizeMode: { ideal: "none" },
    });
    expect(wholeView(sensor, { width: 720, height: 1280 })).toMatchObject({
      width: { ideal: 960 },
      height: { ideal: 1280 },
    });
    expect(wholeView({ width: { max: 640 }, height: { max: 480 } }, { width: 640, height: 360 })).toMatchObject({
      width: { ideal: 640 },
      height: { ideal: 480 },
    });
    expect(wholeView(sensor, { width: 640, height: 480 })).toBeNull();
    expect(wholeView({ width: { max: 1920 }, height: { max: 1080 } }, { width: 1280, height: 720 })).toBeNull();
    expect(wholeView({}, { width: 1280, height: 720 })).toBeNull(); // Firefox does not tell
  });

  it("stops every track, and bears there being none", () => {
    const stop = vi.fn();
    stopStream(stream({}, stop));
    stopStream(null);
    expect(stop).toHaveBeenCalledTimes(2);
  });
});

describe("recording", () => {
  it("begins with the first frame, and time only goes on", () => {
    const timeline = createTimeline(1000);
    // Taken before the recording began, but shown from its beginning on; then one that was taken earlier.
    expect([980, 1100, 1050, 1100, 1140].map(timeline)).toEqual([0, 0.1, null, null, 0.14]);
  });

  it("says in a sentence where it cannot work", () => {
    expect(recordingBarrier()).toMatch(/cannot write videos.+\.$/); // Node has no WebCodecs
  });
});
