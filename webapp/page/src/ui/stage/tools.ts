// What the buttons under the picture do: snapshot, recording, another camera, picture in picture, full screen.
import { paintStill } from "../../live/still";
import { openMicrophone, record, recordingBarrier, soundBarrier } from "../../media/recorder";
import { type Shown, streamShown } from "../../media/shown";
import type { Recording } from "../../media/writing";
import type { Engine } from "../../types";
import { byId, fileName } from "../dom";
import type { Activity } from "../status/activity";
import { wouldBeLost } from "../status/leaving";
import type { Messages } from "../status/messages";
import { clock, engineTrouble, microphoneTrouble, SILENT } from "../status/sentences";
import { countdown } from "./countdown";
import { keep } from "./keep";
import type { Session } from "./session";

/** Strokes of a snapshot are at most as broad as those of frames painted at this short side, pixels. */
const STILL_SIDE = 288;

export function bindTools(engine: Engine, session: Session, messages: Messages, activity: Activity): void {
  bindSnapshot(engine, session, messages, activity);
  bindRecording(engine, session, messages);
  bindPictureInPicture(engine, session, messages);
  bindFullScreen(messages);
  holdAwake(session);
}

/** Whether the person asked for three seconds' notice. */
const notice = async (): Promise<void> => {
  if (byId<HTMLInputElement>("timer").checked) await countdown(3);
};

const OVER = "Nothing comes from the source any more. Start it again, or choose another.";

/** Whether the source has ended: a camera that was unplugged, a screen that is no longer shared. */
function isOver(): boolean {
  const { srcObject } = byId<HTMLVideoElement>("source");
  return srcObject instanceof MediaStream && !srcObject.active;
}

function bindSnapshot(engine: Engine, session: Session, messages: Messages, activity: Activity): void {
  let busy = false;
  byId("snapshot").addEventListener("click", async () => {
    if (busy || !session.source) return;
    if (isOver()) return messages.note(OVER);
    busy = true;
    messages.clear("snapshot");
    try {
      await notice();
      activity.tell({ kind: "still", busy: true });
      const side = Math.max(session.live?.side ?? STILL_SIDE, STILL_SIDE);
      const picture = await paintStill(engine, byId<HTMLVideoElement>("source"), side, session.mirrored);
      keep(picture, fileName("png"), "Snapshot", messages);
    } catch (error) {
      messages.trouble("snapshot", engineTrouble(error));
    } finally {
      busy = false;
      activity.tell({ kind: "still", busy: false });
    }
  });
}

function bindRecording(engine: Engine, session: Session, messages: Messages): void {
  const button = byId<HTMLButtonElement>("record");
  const text = byId("record-text");
  let recording: Recording | null = null;
  let starting = false;

  const start = async (): Promise<void> => {
    const sound = byId<HTMLInputElement>("sound").checked ? await microphone(messages) : null;
    await notice();
    if (!engine.canvas) throw new Error("There is nothing to record yet.");
    recording = await record(engine, sound);
    if (sound && !recording.sound) messages.trouble("microphone", SILENT);
    wouldBeLost("recording", true);
    session.live?.hold(true);
    const began = performance.now();
    const tick = (): void => {
      text.textContent = clock((performance.now() - began) / 1000);
    };
    tick();
    const ticking = setInterval(tick, 500);
    button.setAttribute("aria-pressed", "true");
    button.setAttribute("aria-label", "Stop recording");
    messages.announce("Recording.");
    try {
      keep(await recording.done, fileName("mp4"), "Recording", messages);
    } finally {
      clearInterval(ticking);
      recording = null;
      wouldBeLost("recording", false);
      session.live?.hold(false);
      button.setAttribute("aria-pressed", "false");
      button.removeAttribute("aria-label");
      text.textContent = "Record";
    }
  };
  button.addEventListener("click", async () => {
    messages.clear("record");
    if (recording) return void recording.stop();
    if (isOver()) return messages.note(OVER);
    const barrier = recordingBarrier();
    if (barrier) return messages.trouble("record", barrier);
    if (starting) return;
    starting = true;
    try {
      await start();
    } catch (error) {
      messages.trouble("record", engineTrouble(error));
    } finally {
      starting = false;
    }
  });
}

async function microphone(messages: Messages): Promise<MediaStreamTrack | null> {
  const barrier = soundBarrier();
  if (barrier) {
    messages.note(barrier);
    return null;
  }
  try {
    return await openMicrophone();
  } catch (error) {
    messages.trouble("microphone", microphoneTrouble(error));
    return null;
  }
}

const ONCE_MORE = "The small window is ready only now: press “Small window” once more.";
/** How long its picture waits for that: milliseconds. */
const KEPT = 20_000;

/** The painting in a small window that stays above all others. */
function bindPictureInPicture(engine: Engine, session: Session, messages: Messages): void {
  const button = byId<HTMLButtonElement>("pip");
  const video = byId<HTMLVideoElement>("pip-video");
  // Phones have no room for it.
  button.hidden = !document.pictureInPictureEnabled || matchMedia("(pointer: coarse)").matches;
  let shown: Shown | null = null;
  const show = async (): Promise<void> => {
    shown?.end();
    shown = streamShown(engine);
    video.srcObject = shown.stream;
    engine.refresh(); // a still canvas gives no frame by itself
    await video.play();
  };
  const leave = (): void => {
    shown?.end();
    shown = null;
    video.srcObject = null;
  };
  button.addEventListener("click", async () => {
    messages.clear("pip");
    try {
      if (document.pictureInPictureElement) return await document.exitPictureInPicture();
      if (!shown) await show();
      if (await isBlank(video)) {
        leave();
        return messages.trouble("pip", "This browser cannot show the painting in a small window.");
      }
      await video.requestPictureInPicture();
    } catch {
      // A slow machine shows its first picture when the browser no longer counts the press. It is kept for another.
      const late = shown !== null && navigator.userActivation?.isActive === false;
      messages.trouble("pip", late ? ONCE_MORE : "This browser refused picture in picture here.");
      setTimeout(() => document.pictureInPictureElement ?? leave(), late ? KEPT : 0);
    }
  });
  video.addEventListener("enterpictureinpicture", () => {
    button.setAttribute("aria-pressed", "true");
    session.setAlways(true); // people look at it while the tab is hidden
  });
  video.addEventListener("leavepictureinpicture", () => {
    button.setAttribute("aria-pressed", "false");
    session.setAlways(false);
    leave();
  });
  engine.on((event) => {
    if (event.kind === "backend" && document.pictureInPictureElement) show().catch(() => {}); // another canvas
  });
}

/** How long a first picture may take: milliseconds. */
const FIRST_PICTURE = 500;

/** Whether nothing at all is to be seen: WebKit hands out nothing of a canvas that a worker draws by WebGL. */
async function isBlank(video: HTMLVideoElement): Promise<boolean> {
  const pen = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d")!;
  for (const end = performance.now() + FIRST_PICTURE; performance.now() < end; ) {
    pen.drawImage(video, 0, 0, 1, 1);
    if (pen.getImageData(0, 0, 1, 1).data[3] > 0) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return true;
}

/** Full screen takes the whole page along, so that every control stays at hand. */
function bindFullScreen(messages: Messages): void {
  const button = byId<HTMLButtonElement>("fullscreen");
  button.hidden = !document.fullscreenEnabled;
  button.addEventListener("click", async () => {
    try {
      if (document.fullscreenElement) await document.exitFullscreen();
      else await document.documentElement.requestFullscreen();
    } catch {
      messages.trouble("fullscreen", "This browser refused full screen here.");
    }
  });
  // A phone held sideways is all picture, too.
  const sideways = matchMedia("(orientation: landscape) and (max-height: 30rem) and (pointer: coarse)");
  const look = (): void => {
    const full = Boolean(document.fullscreenElement); // there is none to ask for on an iPhone
    button.setAttribute("aria-pressed", String(full));
    document.body.classList.toggle("immersed", full || sideways.matches);
  };
  document.addEventListener("fullscreenchange", look);
  sideways.addEventListener("change", look);
  look();
  // The panel lies over the picture there, and comes when it is called.
  const panel = byId<HTMLButtonElement>("panel-open");
  panel.addEventListener("click", () => {
    const open = document.body.classList.toggle("panel-shown");
    panel.setAttribute("aria-expanded", String(open));
  });
}

/** The screen stays lit while a source is painted; the browser takes the lock away whenever the page is hidden. */
function holdAwake(session: Session): void {
  let lock: WakeLockSentinel | null = null;
  const hold = async (): Promise<void> => {
    if (!session.source || document.hidden || (lock && !lock.released) || !navigator.wakeLock) return;
    lock = await navigator.wakeLock.request("screen").catch(() => null); // on a low battery, say
  };
  session.onSource(() => void hold());
  document.addEventListener("visibilitychange", () => void hold());
}
