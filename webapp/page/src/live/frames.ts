// The frames of a video, one after another: those that it shows, and in a hidden tab those of its stream.
import type { Frame } from "../types";

/** What a video shows now, which was taken at `capturedAt` (as `performance.now()`). */
export async function takeFrame(video: HTMLVideoElement, capturedAt: number): Promise<Frame> {
  if (typeof VideoFrame === "undefined") return createImageBitmap(video);
  return new VideoFrame(video, { timestamp: Math.round(1000 * capturedAt) });
}

/** Calls back with the time (as `performance.now()`) each frame was taken, once a frame where the browser can tell. */
export function eachFrame(video: HTMLVideoElement, callback: (capturedAt: number) => void) {
  let handle: number | null = null;
  const precise = "requestVideoFrameCallback" in video;
  const next = () => {
    handle = precise
      ? video.requestVideoFrameCallback((now, { captureTime }) => taken(captureTime ?? now))
      : requestAnimationFrame(taken);
  };
  const taken = (at: number) => {
    next();
    callback(at);
  };
  const stop = () => {
    if (handle === null) return;
    if (precise) video.cancelVideoFrameCallback(handle);
    else cancelAnimationFrame(handle);
    handle = null;
  };
  return {
    start() {
      stop();
      next();
    },
    stop,
  };
}

/**
 * Hands out each frame of the video's stream even where the tab is hidden: a video's own are then no longer called for, but
 * those of a track are (Chromium). A clip has no track, and does not move in a hidden tab.
 */
export function eachTrackFrame(video: HTMLVideoElement, callback: (frame: VideoFrame) => void) {
  let reader: ReadableStreamDefaultReader<VideoFrame> | null = null;
  const read = async (from: ReadableStreamDefaultReader<VideoFrame>) => {
    for (let next = await from.read(); !next.done; next = await from.read()) {
      if (reader === from) callback(next.value);
      else next.value.close();
    }
  };
  return {
    start() {
      const [track] = (video.srcObject as MediaStream | null)?.getVideoTracks() ?? [];
      if (reader || !track || !("MediaStreamTrackProcessor" in globalThis)) return;
      reader = new MediaStreamTrackProcessor({ track: track as MediaStreamVideoTrack }).readable.getReader();
      read(reader).catch(() => {}); // the track ended
    },
    stop() {
      reader?.cancel().catch(() => {});
      reader = null;
    },
  };
}
