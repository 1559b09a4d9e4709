import { afterEach, describe, expect, it, vi } from "vitest";
import { facesPerson, listCameras, onceAllowed, stopStream, watchPicture, wholeView } from "../../src/media/camera";
import { recordingBarrier, soundBarrier } from "../../src/media/recorder";
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

  it("is missed when its picture stays away, not when it blinks", () => {
    vi.useFakeTimers();
    const track = Object.assign(new EventTarget(), { muted: false, readyState: "live" });
    const tell = vi.fn();
    watchPicture({ getVideoTracks: () => [track] } as unknown as MediaStream, tell);
    const happens = (name: string, wait: number) => {
      track.dispatchEvent(new Event(name));
      vi.advanceTimersByTime(wait);
    };
    happens("mute", 500);
    happens("unmute", 5000);
    expect(tell).not.toHaveBeenCalled();
    happens("mute", 5000);
    expect(tell.mock.calls).toEqual([[false]]);
    happens("unmute", 0);
    expect(tell.mock.calls).toEqual([[false], [true]]);
    happens("mute", 500);
    track.readyState = "ended"; // unplugged meanwhile: that is said otherwise
    vi.advanceTimersByTime(5000);
    expect(tell).toHaveBeenCalledTimes(2);
    vi.useRealTimers();
  });

  it("is missed from the beginning where it opens without a picture", () => {
    vi.useFakeTimers();
    const track = Object.assign(new EventTarget(), { muted: true, readyState: "live" });
    const tell = vi.fn();
    watchPicture({ getVideoTracks: () => [track] } as unknown as MediaStream, tell);
    vi.advanceTimersByTime(5000);
    expect(tell.mock.calls).toEqual([[false]]);
    vi.useRealTimers();
  });

  it("is told when it is allowed after all, once", async () => {
    const permission = Object.assign(new EventTarget(), { state: "denied" });
    vi.stubGlobal("navigator", { permissions: { query: async () => permission } });
    const allowed = vi.fn();
    await onceAllowed(allowed);
    for (const state of ["prompt", "granted", "denied", "granted"]) {
      permission.state = state;
      permission.dispatchEvent(new Event("change"));
      expect(allowed).toHaveBeenCalledTimes(state === "prompt" ? 0 : 1);
    }
  });

  it("is not waited for where it was not refused, or nobody tells", async () => {
    const granted = Object.assign(new EventTarget(), { state: "granted" });
    for (const query of [async () => granted, async () => Promise.reject(new TypeError("no such name"))]) {
      vi.stubGlobal("navigator", { permissions: { query } });
      const allowed = vi.fn();
      await onceAllowed(allowed);
      granted.dispatchEvent(new Event("change"));
      expect(allowed).not.toHaveBeenCalled();
    }
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
    expect(soundBarrier()).toMatch(/cannot write sound.+\.$/); // nor has Safari 18 an AudioEncoder
  });
});
