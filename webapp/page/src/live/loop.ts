// Feeds the engine with the frames of a video: drops what it cannot paint, rests when nobody looks or nothing moves.
import type { Backend, Engine, EngineEvent } from "../types";
import { eachFrame, eachTrackFrame, takeFrame } from "./frames";
import { createGovernor } from "./governor";
import { createIdle } from "./idle";
import { createKept } from "./kept";
import { liveSize, shortSides } from "./size";
import { createMeter, type Stats } from "./stats";

export interface LiveOptions {
  /** A short side chosen by hand (the brush size), pixels; null to hold the frame rate. */
  side: number | null;
  /** Never rests: paints a scene that stands still, and in a hidden tab as far as the browser allows. */
  always?: boolean;
}

export interface Live {
  /** Changes the short side: see `LiveOptions`. */
  setSide(side: number | null): void;
  /** Changes whether it never rests: see `LiveOptions`. */
  setAlways(always: boolean): void;
  /** The present short side, pixels. */
  readonly side: number;
  /** Keeps the size, whatever the frame rate: a recording has one size. */
  hold(on: boolean): void;
  stats(): Stats;
  /** Whether the last painting is shown again because nothing moves. */
  readonly idle: boolean;
  /** How much of earlier paintings is held on to at this pace, 0…1: what stability is to be multiplied by. */
  readonly kept: number;
  /** Whether no size that the page may choose reaches ten frames a second. */
  readonly struggling: boolean;
  stop(): void;
}

/** Short sides that make sense for each painter, pixels. A server far away is not made faster by smaller frames. */
const SIDES: Record<Backend, [number, number]> = { webgpu: [128, 720], wasm: [128, 720], server: [256, 512] };

/** Paints `video` live until stopped. The engine must have been started. */
export function startLive(engine: Engine, video: HTMLVideoElement, options: LiveOptions): Live {
  const meter = createMeter();
  const idleness = createIdle(video);
  const sides = shortSides(engine.model.multiple);
  let governor = createGovernor(sides);
  let kept = createKept();
  let { side: fixed, always = false } = options;
  let idle = false;
  let taking = false;
  let stopped = false;
  let held = false;
  /** When the newest frame was taken that came while the painter was busy. */
  let missed: number | null = null;

  /** Short side of the camera's picture; larger steps than the first that reaches it change nothing. */
  let cameraSide = 0;

  const limit = () => {
    const [least, most] = SIDES[engine.backend ?? "wasm"];
    const enough = sides.find((each) => each >= cameraSide) ?? most;
    governor.limit(least, cameraSide ? Math.min(most, enough) : most);
  };
  const begin = () => {
    governor = createGovernor(sides, engine.backend === "webgpu" ? 384 : 256);
    kept = createKept();
    limit();
  };
  begin();

  const side = () => fixed ?? governor.side;
  /** Paints a frame, or what the video shows. */
  const feed = async (capturedAt: number, given?: VideoFrame) => {
    if (given && taking) return given.close();
    if (!given && (taking || document.hidden || !video.videoWidth)) return;
    if (!given && video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    if (!engine.free) {
      // Not even looked at: that takes milliseconds, which on few cores the painter would have to wait for.
      given?.close();
      missed = capturedAt;
      return;
    }
    idle = !always && idleness.isIdle(performance.now());
    if (idle) return;
    taking = true;
    missed = null;
    try {
      const frame = given ?? (await takeFrame(video, capturedAt));
      const source = given
        ? { width: given.displayWidth, height: given.displayHeight }
        : { width: video.videoWidth, height: video.videoHeight };
      if (cameraSide !== Math.min(source.width, source.height)) {
        cameraSide = Math.min(source.width, source.height);
        limit();
      }
      const { size, crop } = liveSize(source, side(), engine.model);
      // Elsewhere cuts are found in what is read of the frame anyway; on the graphics card nothing is read.
      if (engine.backend === "webgpu" && idleness.begins()) engine.reset();
      if (stopped) frame.close();
      else if (engine.show(frame, size, capturedAt, crop)) idleness.painting(performance.now());
      else missed = capturedAt;
    } catch {
      // The video changed its source under us; the next frame is as good.
    } finally {
      taking = false;
    }
  };
  const again = () => {
    if (missed !== null) void feed(missed); // the video still shows that frame: no need to wait for the next
  };
  const frames = eachFrame(video, (at) => void feed(at));
  const hiddenFrames = eachTrackFrame(video, (frame) => void feed(performance.now(), frame));

  const unsubscribe = engine.on((event: EngineEvent) => {
    if (event.kind === "painted") {
      meter.add(performance.now(), event.latencyMs);
      kept.report(event.paintMs);
      if (fixed === null && !held) governor.report(event.paintMs);
      again();
    } else if (event.kind === "room") again();
    else if (event.kind === "stale") idleness.wake();
    else if (event.kind === "backend") {
      idleness.wake();
      meter.clear();
      begin();
    }
  });
  const look = () => {
    if (document.hidden) {
      frames.stop();
      if (always) hiddenFrames.start();
      else hiddenFrames.stop();
      return;
    }
    hiddenFrames.stop();
    idleness.wake();
    meter.clear();
    frames.start();
  };
  document.addEventListener("visibilitychange", look);
  look();

  return {
    setSide(next) {
      fixed = next;
      idleness.wake();
    },
    setAlways(next) {
      always = next;
      if (document.hidden) look();
    },
    get side() {
      return side();
    },
    hold(on) {
      held = on;
    },
    get idle() {
      return idle;
    },
    get kept() {
      return kept.share;
    },
    get struggling() {
      return fixed === null && governor.struggling;
    },
    stats: () => meter.read(performance.now()),
    stop() {
      stopped = true;
      frames.stop();
      hiddenFrames.stop();
      unsubscribe();
      document.removeEventListener("visibilitychange", look);
    },
  };
}
