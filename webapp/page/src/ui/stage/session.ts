// The painting at work: one source at a time, the engine started when it is first needed, the settings applied to it.
import { type Live, startLive } from "../../live/loop";
import { cameraId, facesPerson, openCamera, stopStream } from "../../media/camera";
import { openSample } from "../../media/sample";
import type { Engine, Size } from "../../types";
import { byId } from "../dom";
import type { Settings, Store } from "../settings/settings";
import type { Messages } from "../status/messages";
import { cameraBarrier, cameraTrouble, engineTrouble, type PageContext } from "../status/sentences";
import type { Activity } from "../status/status";
import type { Palette } from "../styles/palette";

export type SourceKind = "camera" | "sample";

export interface Session {
  readonly source: SourceKind | null;
  readonly camera: string;
  readonly live: Live | null;
  useCamera(id?: string | null): Promise<void>;
  useSample(): Promise<void>;
  /** Starts the painter anew, as the settings say. */
  restart(): void;
  /** The live view rests while a clip is painted; the engine is ready with the chosen style when this resolves. */
  pauseForClip(): Promise<void>;
  resumeAfterClip(): void;
  /** Called whenever the source changed. */
  onSource(listener: () => void): void;
}

export function createSession(
  engine: Engine,
  settings: Store<Settings>,
  palette: Palette,
  messages: Messages,
  activity: Activity,
  context: () => PageContext,
): Session {
  const video = byId<HTMLVideoElement>("source");
  const frame = byId("frame");
  const listeners: (() => void)[] = [];
  let stream: MediaStream | null = null;
  let source: SourceKind | null = null;
  let live: Live | null = null;
  let paused = false;
  /** The size of the last painting. */
  let painted: Size | null = null;
  let started: Promise<unknown> | null = null;
  let styleTurn = 0;
  let sourceTurn = 0;

  const mirrored = (): boolean =>
    settings.get().mirror ?? (source === "camera" && stream !== null && facesPerson(stream));
  /** A share of the frame's width as one of the canvas's, which fills the frame and may reach beyond it. */
  const onCanvas = (share: number): number => {
    if (!painted || !video.videoHeight) return share;
    const visible = Math.min(1, (video.videoWidth * painted.height) / (video.videoHeight * painted.width));
    return 0.5 + (share - 0.5) * visible;
  };
  const applyView = (): void => {
    const { strength, keepColors, split, stability } = settings.get();
    video.classList.toggle("mirrored", mirrored());
    byId("mirror").setAttribute("aria-pressed", String(mirrored()));
    engine.setView({ strength, keepColors, split: split && onCanvas(split), mirror: mirrored() });
    engine.setStability(stability);
    if (engine.backend) engine.refresh();
  };
  const applyStyle = async (): Promise<void> => {
    const turn = ++styleTurn;
    activity.tell({ kind: "reading", title: palette.unread(settings.get().mix) });
    try {
      const { style, brush } = await palette.mixed(settings.get().mix, engine);
      if (turn === styleTurn) engine.setStyle(style, brush);
    } finally {
      if (turn === styleTurn) activity.tell({ kind: "reading", title: null });
    }
  };
  const styleFailed = (error: unknown): void => messages.trouble("style", engineTrouble(error));

  /** The engine at work with the present settings; a failed start may be tried again. */
  const ready = async (): Promise<void> => {
    started ??= engine.start(settings.get().backend);
    const mine = started;
    try {
      await mine;
    } catch (error) {
      if (started === mine) started = null;
      throw error;
    }
    await applyStyle();
    applyView();
  };
  const restart = (): void => {
    started = null;
    paint();
  };
  const paint = (): void => {
    ready().then(
      () => {
        messages.clear("engine");
        if (source && !paused) live ??= startLive(engine, video, { side: settings.get().side });
      },
      (error) => messages.trouble("engine", engineTrouble(error), { label: "Try again", run: restart }),
    );
  };

  const shape = (): void => {
    if (video.videoWidth) frame.style.setProperty("--ratio", `${video.videoWidth} / ${video.videoHeight}`);
  };
  video.addEventListener("loadedmetadata", shape);
  video.addEventListener("resize", shape);
  engine.on((event) => {
    if (event.kind !== "painted" || (painted?.width === event.size.width && painted.height === event.size.height))
      return;
    painted = event.size;
    if (settings.get().split !== null) applyView();
  });

  /** Swaps the source for what `open` gives; the one before stays when that fails. */
  const use = async (kind: SourceKind, open: () => Promise<MediaStream> | MediaStream): Promise<void> => {
    const turn = ++sourceTurn;
    activity.tell({ kind: "source", source: "asked" });
    let next: MediaStream;
    try {
      next = await open();
    } catch (error) {
      if (turn === sourceTurn) activity.tell({ kind: "source", source: source ? "open" : "none" });
      throw error;
    }
    if (turn !== sourceTurn) return stopStream(next);
    activity.tell({ kind: "source", source: "open" });
    live?.stop();
    live = null;
    stopStream(stream);
    [stream, source] = [next, kind];
    document.body.dataset.view = "live";
    video.srcObject = next;
    await video.play().catch(() => {}); // interrupted by the next source, or started by the browser later
    if (turn !== sourceTurn) return;
    for (const listener of listeners) listener();
    paint();
  };
  const cameraEnded = (): void => {
    if (source !== "camera") return;
    activity.tell({ kind: "source", source: "none" });
    messages.trouble("source", "The camera stopped: it was unplugged, or taken by another program.", {
      label: "Start it again",
      run: () => void session.useCamera(),
    });
  };

  settings.on((now, before) => {
    if (now.mix !== before.mix && engine.backend) applyStyle().catch(styleFailed);
    if (now.side !== before.side) live?.setSide(now.side);
    if (now.backend !== before.backend && started) restart();
    applyView();
  });

  const session: Session = {
    get source() {
      return source;
    },
    get camera() {
      return source === "camera" && stream ? cameraId(stream) : "";
    },
    get live() {
      return live;
    },
    async useCamera(id = null) {
      messages.clear("source");
      const barrier = cameraBarrier(context(), Boolean(navigator.mediaDevices?.getUserMedia));
      if (barrier) return messages.trouble("source", barrier);
      if (source === "camera") stopStream(stream); // most cameras open only once
      try {
        await use("camera", () => openCamera(id));
        stream?.getVideoTracks()[0]?.addEventListener("ended", cameraEnded);
      } catch (error) {
        messages.trouble("source", cameraTrouble(error, context()));
      }
    },
    async useSample() {
      messages.clear("source");
      try {
        await use("sample", openSample);
      } catch {
        messages.trouble("source", "This browser cannot draw the sample scene. Try the camera.");
      }
    },
    restart,
    async pauseForClip() {
      paused = true;
      activity.tell({ kind: "clip", open: true });
      live?.stop();
      live = null;
      await ready();
    },
    resumeAfterClip() {
      paused = false;
      activity.tell({ kind: "clip", open: false });
      if (source) paint();
    },
    onSource(listener) {
      listeners.push(listener);
    },
  };
  return session;
}
