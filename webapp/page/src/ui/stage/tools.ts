// Snapshot, recording, full screen: what the buttons under the picture do.
import { endingOf, openMicrophone, type Recording, record, recordingBarrier } from "../../media/recorder";
import type { Engine } from "../../types";
import { byId, fileName, save } from "../dom";
import type { Messages } from "../status/messages";
import { clock, microphoneTrouble } from "../status/sentences";
import type { Session } from "./session";

export function bindTools(engine: Engine, session: Session, messages: Messages): void {
  bindSnapshot(engine, messages);
  bindRecording(engine, session, messages);
  bindFullScreen(messages);
}

function bindSnapshot(engine: Engine, messages: Messages): void {
  byId("snapshot").addEventListener("click", async () => {
    try {
      save(await engine.snapshot(), fileName("png"));
      messages.note("Snapshot saved to your downloads.");
    } catch {
      messages.trouble("snapshot", "The snapshot could not be taken. Wait until the picture moves, then try again.");
    }
  });
}

function bindRecording(engine: Engine, session: Session, messages: Messages): void {
  const button = byId<HTMLButtonElement>("record");
  const text = byId("record-text");
  let recording: Recording | null = null;

  const start = async (): Promise<void> => {
    const sound = byId<HTMLInputElement>("sound").checked ? await microphone(messages) : null;
    const { canvas } = engine;
    if (!canvas) return messages.trouble("record", "There is nothing to record yet.");
    recording = record(canvas, sound);
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
      const file = await recording.done;
      save(file, fileName(endingOf(file.type)));
      messages.note("Recording saved to your downloads.");
    } catch (error) {
      messages.trouble("record", error instanceof Error ? error.message : "The recording failed.");
    } finally {
      clearInterval(ticking);
      recording = null;
      session.live?.hold(false);
      button.setAttribute("aria-pressed", "false");
      button.removeAttribute("aria-label");
      text.textContent = "Record";
    }
  };
  button.addEventListener("click", () => {
    messages.clear("record");
    const barrier = recordingBarrier();
    if (recording) void recording.stop();
    else if (barrier) messages.trouble("record", barrier);
    else
      start().catch(() => messages.trouble("record", "This browser could not record the picture. A snapshot works."));
  });
  engine.on((event) => {
    if (event.kind === "backend" && recording) {
      messages.trouble("record", "Another painter took over, so the recording ended here. What there was is saved.");
      void recording.stop();
    }
  });
}

async function microphone(messages: Messages): Promise<MediaStreamTrack | null> {
  try {
    return await openMicrophone();
  } catch (error) {
    messages.trouble("microphone", microphoneTrouble(error));
    return null;
  }
}

function bindFullScreen(messages: Messages): void {
  const button = byId<HTMLButtonElement>("fullscreen");
  button.hidden = !document.fullscreenEnabled;
  button.addEventListener("click", async () => {
    try {
      if (document.fullscreenElement) await document.exitFullscreen();
      else await byId("wall").requestFullscreen();
    } catch {
      messages.trouble("fullscreen", "This browser refused full screen here.");
    }
  });
}
