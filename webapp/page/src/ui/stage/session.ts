// What a person can have painted live, and what is said where it cannot be: the camera, a screen, the sample scene, a clip.
import type { Live } from "../../live/loop";
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
import { clipSource } from "../../media/source";
import type { Engine } from "../../types";
import { byId } from "../dom";
import type { Settings, Store } from "../settings/settings";
import type { Activity } from "../status/activity";
import type { Messages } from "../status/messages";
import { cameraBarrier, cameraTrouble, type PageContext, PICTURE_AWAY, screenTrouble } from "../status/sentences";
import type { Palette } from "../styles/palette";
import { createStyling } from "../styles/styling";
import { createPainting, type Painting } from "./painting";
import { createShowing, type Showing, type SourceKind } from "./showing";
import { bindShape } from "./view";

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

/** What opening and ending a source needs. */
interface Stage {
  showing: Showing;
  painting: Painting;
  messages: Messages;
  activity: Activity;
  context: () => PageContext;
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
  const listeners: (() => void)[] = [];
  const styling = createStyling(engine, settings, palette, messages, activity);
  const cameraFacesPerson = (): boolean => showing.stream !== null && facesPerson(showing.stream);
  const mirrored = (): boolean => settings.get().mirror ?? (showing.kind === "camera" && cameraFacesPerson());
  const painting = createPainting({
    engine,
    settings,
    messages,
    video,
    styling,
    mirrored,
    opened: () => showing.kind !== null,
    died: () => context().died,
  });
  const showing = createShowing({
    video,
    activity,
    onOpened() {
      painting.end();
      messages.clear("picture away");
      painting.applyView(); // already while the painter is prepared the person sees what is meant: the mirror
      document.body.dataset.view = "live";
    },
    onShown() {
      for (const listener of listeners) listener();
      painting.begin();
    },
  });
  const stage: Stage = { showing, painting, messages, activity, context };
  bindShape(video);

  return {
    get source() {
      return showing.kind;
    },
    get camera() {
      return showing.kind === "camera" && showing.stream ? cameraId(showing.stream) : "";
    },
    get live() {
      return painting.live;
    },
    get mirrored() {
      return mirrored();
    },
    useCamera: (id = null) => useCamera(stage, id ? { id } : { facing: "user" }),
    flipCamera: () => useCamera(stage, { facing: cameraFacesPerson() ? "environment" : "user" }),
    useScreen: () => useScreen(stage),
    useClip: (clip) => useClip(stage, clip),
    useSample: () => useSample(stage),
    restart: painting.restart,
    setAlways: painting.setAlways,
    async pauseForClip() {
      activity.tell({ kind: "clip", open: true });
      painting.pause();
      styling.fetchBrushes();
      await painting.ready();
    },
    whole: styling.whole,
    resumeAfterClip() {
      activity.tell({ kind: "clip", open: false });
      painting.resume();
    },
    onSource(listener) {
      listeners.push(listener);
    },
  };
}

async function useCamera(stage: Stage, wish: CameraWish): Promise<void> {
  const { showing, messages, context } = stage;
  messages.clear("source");
  const barrier = cameraBarrier(context(), Boolean(navigator.mediaDevices?.getUserMedia));
  if (barrier) return messages.trouble("source", barrier);
  if (showing.kind === "camera") showing.release(); // most cameras open only once
  try {
    await showing.use("camera", () => openCamera(wish));
    const { stream } = showing;
    stream?.getVideoTracks()[0]?.addEventListener("ended", () => cameraEnded(stage, wish));
    if (stream) watchPicture(stream, (comes) => stream === showing.stream && sayPicture(messages, comes));
  } catch (error) {
    messages.trouble("source", cameraTrouble(error, context()));
    const { turn } = showing;
    void onceAllowed(() => turn === showing.turn && void useCamera(stage, wish));
  }
}

function sayPicture(messages: Messages, comes: boolean): void {
  if (comes) messages.clear("picture away");
  else messages.trouble("picture away", PICTURE_AWAY);
}

function cameraEnded(stage: Stage, wish: CameraWish): void {
  if (stage.showing.kind !== "camera") return;
  ended(stage);
  stage.messages.clear("picture away");
  stage.messages.trouble("source", "The camera stopped: it was unplugged, taken by another program, or forbidden.", {
    label: "Start it again",
    run: () => void useCamera(stage, wish),
  });
}

async function useScreen(stage: Stage): Promise<void> {
  const { showing, messages } = stage;
  messages.clear("source");
  try {
    await showing.use("screen", openScreen);
    showing.stream?.getVideoTracks()[0]?.addEventListener("ended", () => screenEnded(stage));
  } catch (error) {
    const trouble = screenTrouble(error);
    if (trouble) messages.trouble("source", trouble);
  }
}

function screenEnded(stage: Stage): void {
  if (stage.showing.kind !== "screen") return;
  ended(stage);
  stage.messages.note("The screen is no longer shared.");
}

/** Nothing comes any more: what was painted last stays, and not the black that browsers show instead. */
function ended({ painting, activity }: Stage): void {
  painting.end();
  activity.tell({ kind: "source", source: "none" });
}

async function useClip({ showing, messages, activity }: Stage, clip: File): Promise<void> {
  messages.clear("source");
  try {
    await showing.use("clip", () => clipSource(clip));
  } catch {
    activity.tell({ kind: "source", source: "none" });
    messages.trouble("source", `This browser cannot play “${clip.name}”. MP4 with H.264 works everywhere.`);
  }
}

async function useSample({ showing, messages }: Stage): Promise<void> {
  messages.clear("source");
  try {
    await showing.use("sample", openSample);
  } catch {
    messages.trouble("source", "This browser cannot draw the sample scene. Try the camera.");
  }
}
