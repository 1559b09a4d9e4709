// The painting at work: one source at a time, the engine started when it is first needed, the settings applied to it.
import { type Live, startLive } from "../../live/loop";
import {
  type CameraWish,
  cameraId,
  facesPerson,
  onceAllowed,
  openCamera,
  openScreen,
  watchPicture,
} from "../../media/camera";
import { openSample } from "../../media/sample";
import { clipSource, releaseSource, type Source, showSource, streamOf } from "../../media/source";
import type { Backend, Engine, Size } from "../../types";
import { byId } from "../dom";
import type { Settings, Store } from "../settings/settings";
import type { Messages } from "../status/messages";
import {
  cameraBarrier,
  cameraTrouble,
  DIED,
  engineTrouble,
  type PageContext,
  PICTURE_AWAY,
  screenTrouble,
} from "../status/sentences";
import type { Activity } from "../status/status";
import type { Palette } from "../styles/palette";
import { createStyling } from "../styles/styling";

export type SourceKind = "camera" | "screen" | "sample" | "clip";

export interface Session {
  readonly source: SourceKind | null;
  readonly camera: string;
  readonly live: Live | null;
  /** Whether what is shown is mirrored. */
  readonly mirrored: boolean;
  /** The camera with this id, or the one that faces the person. */
  useCamera(id?: string | null): Promise<void>;
  /** The camera that looks the other way. */
  flipCamera(): Promise<void>;
  useScreen(): Promise<void>;
  useSample(): Promise<void>;
  /** A clip, in a loop. */
  useClip(clip: File): Promise<void>;
  /** Starts the painter anew, as the settings say. */
  restart(): void;
  /** Paints on where nothing moves and, as far as the browser allows, in a hidden tab. */
  setAlways(always: boolean): void;
  /** The live view rests while a clip is painted; the engine is ready with the chosen style when this resolves. */
  pauseForClip(): Promise<void>;
  /** Resolves when the chosen style is painted with all that was studied of it; with a sentence where it is not. */
  whole(): Promise<string | null>;
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
  const styling = createStyling(engine, settings, palette, messages, activity);
  let shown: Source | null = null;
  let source: SourceKind | null = null;
  let always = false;
  let live: Live | null = null;
  let paused = false;
  /** The stability that the painter was told last. */
  let held: number | null = null;
  /** The size of the last painting. */
  let painted: Size | null = null;
  let started: Promise<unknown> | null = null;
  let sourceTurn = 0;

  const mirrored = (): boolean => settings.get().mirror ?? (source === "camera" && cameraFacesPerson());
  const cameraFacesPerson = (): boolean => {
    const stream = streamOf(shown);
    return stream !== null && facesPerson(stream);
  };
  /** A share of the frame's width as one of the canvas's, which fills the frame and may reach beyond it. */
  const onCanvas = (share: number): number => {
    if (!painted || !video.videoHeight) return share;
    const visible = Math.min(1, (video.videoWidth * painted.height) / (video.videoHeight * painted.width));
    return 0.5 + (share - 0.5) * visible;
  };
  /** As much as the person wants, and as the pace allows. */
  const holdSteady = (): void => {
    const next = settings.get().stability * (live?.kept ?? 1);
    if (next === held) return;
    held = next;
    engine.setStability(next);
  };
  const applyView = (): void => {
    const { strength, keepColors, split, who } = settings.get();
    video.classList.toggle("mirrored", mirrored());
    byId("mirror").setAttribute("aria-pressed", String(mirrored()));
    engine.setView({ strength, keepColors, split: split && onCanvas(split), mirror: mirrored(), who });
    holdSteady();
    if (engine.backend) engine.refresh();
  };

  /** The painter asked for; the processor where the page died painting with the graphics card, and nobody insists on it. */
  const wanted = (): Backend | "auto" => {
    const { backend } = settings.get();
    if (backend !== "auto" || !context().died) return backend;
    messages.note(DIED);
    return "wasm";
  };
  /** The engine at work with the present settings; a failed start may be tried again. */
  const ready = async (): Promise<void> => {
    holdSteady(); // which graph is fetched first depends on it
    started ??= engine.start(wanted());
    const mine = started;
    try {
      await mine;
    } catch (error) {
      if (started === mine) started = null;
      throw error;
    }
    await styling.apply();
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
        if (source && !paused) live ??= startLive(engine, video, { side: settings.get().side, always });
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
    if (event.kind !== "painted") return;
    holdSteady();
    if (painted?.width === event.size.width && painted.height === event.size.height) return;
    painted = event.size;
    if (settings.get().split !== null) applyView();
  });

  /** Swaps the source for what `open` gives; the one before stays when that fails. */
  const use = async (kind: SourceKind, open: () => Promise<Source> | Source): Promise<void> => {
    const turn = ++sourceTurn;
    activity.tell({ kind: "source", source: "asked" });
    let next: Source;
    try {
      next = await open();
    } catch (error) {
      if (turn === sourceTurn) activity.tell({ kind: "source", source: source ? "open" : "none" });
      throw error;
    }
    if (turn !== sourceTurn) return releaseSource(next);
    activity.tell({ kind: "source", source: "open" });
    live?.stop();
    live = null;
    releaseSource(shown);
    [shown, source] = [next, kind];
    messages.clear("picture away");
    applyView(); // already while the painter is prepared the person sees what is meant: the mirror
    document.body.dataset.view = "live";
    await showSource(video, next);
    if (turn !== sourceTurn) return;
    for (const listener of listeners) listener();
    paint();
  };
  const useCamera = async (wish: CameraWish): Promise<void> => {
    messages.clear("source");
    const barrier = cameraBarrier(context(), Boolean(navigator.mediaDevices?.getUserMedia));
    if (barrier) return messages.trouble("source", barrier);
    if (source === "camera") releaseSource(shown); // most cameras open only once
    try {
      await use("camera", () => openCamera(wish));
      const stream = streamOf(shown);
      stream?.getVideoTracks()[0]?.addEventListener("ended", cameraEnded);
      if (stream) watchPicture(stream, (comes) => stream === streamOf(shown) && sayPicture(comes));
    } catch (error) {
      messages.trouble("source", cameraTrouble(error, context()));
      const turn = sourceTurn;
      void onceAllowed(() => turn === sourceTurn && void useCamera(wish));
    }
  };
  const sayPicture = (comes: boolean): void => {
    if (comes) messages.clear("picture away");
    else messages.trouble("picture away", PICTURE_AWAY);
  };
  /** Nothing comes any more: what was painted last stays, and not the black that browsers show instead. */
  const ended = (): void => {
    live?.stop();
    live = null;
    activity.tell({ kind: "source", source: "none" });
  };
  const screenEnded = (): void => {
    if (source !== "screen") return;
    ended();
    messages.note("The screen is no longer shared.");
  };
  const cameraEnded = (): void => {
    if (source !== "camera") return;
    ended();
    messages.clear("picture away");
    messages.trouble("source", "The camera stopped: it was unplugged, taken by another program, or forbidden.", {
      label: "Start it again",
      run: () => void session.useCamera(),
    });
  };

  // A phone stops videos when another app takes over, and does not always start them again.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && source && video.paused) video.play().catch(() => {}); // no longer there
  });
  settings.on((now, before) => {
    if (now.side !== before.side) live?.setSide(now.side);
    if (now.backend !== before.backend && started) restart();
    applyView();
  });

  const session: Session = {
    get source() {
      return source;
    },
    get camera() {
      const stream = source === "camera" ? streamOf(shown) : null;
      return stream ? cameraId(stream) : "";
    },
    get live() {
      return live;
    },
    get mirrored() {
      return mirrored();
    },
    useCamera: (id = null) => useCamera(id ? { id } : { facing: "user" }),
    flipCamera: () => useCamera({ facing: cameraFacesPerson() ? "environment" : "user" }),
    async useScreen() {
      messages.clear("source");
      try {
        await use("screen", openScreen);
        streamOf(shown)?.getVideoTracks()[0]?.addEventListener("ended", screenEnded);
      } catch (error) {
        const trouble = screenTrouble(error);
        if (trouble) messages.trouble("source", trouble);
      }
    },
    async useClip(clip) {
      messages.clear("source");
      try {
        await use("clip", () => clipSource(clip));
      } catch {
        activity.tell({ kind: "source", source: "none" });
        messages.trouble("source", `This browser cannot play “${clip.name}”. MP4 with H.264 works everywhere.`);
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
    setAlways(next) {
      always = next;
      live?.setAlways(next);
    },
    async pauseForClip() {
      paused = true;
      activity.tell({ kind: "clip", open: true });
      live?.stop();
      live = null;
      styling.fetchBrushes();
      await ready();
    },
    whole: styling.whole,
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
