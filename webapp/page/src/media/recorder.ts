// What the canvas shows, with sound if wanted, as a video file. The work is loaded when it is wanted.
//
// Each frame comes with the time at which the camera took it, and sound with the time at which it was heard, on one clock:
// the two stay together however long painting takes. A recording has the size that it begins with.
import type { Engine } from "../types";
import type { Recording } from "./writing";

/** Why recording cannot work here, as a sentence; null when it can. */
export function recordingBarrier(): string | null {
  const missing = ["VideoEncoder", "VideoFrame"].some((name) => !(name in globalThis));
  return missing ? "This browser cannot write videos (it lacks WebCodecs). A snapshot works." : null;
}

/** Why a recording is silent here, as a sentence; null when it need not be. */
export function soundBarrier(): string | null {
  return "AudioEncoder" in globalThis ? null : "This browser cannot write sound, so the recording has none.";
}

/** Records what the engine shows; `sound` belongs to the recording from now on and is stopped with it. */
export async function record(
  engine: Pick<Engine, "canvas" | "capture" | "refresh">,
  sound: MediaStreamTrack | null,
): Promise<Recording> {
  const { startWriting } = await import("./writing");
  return startWriting(engine, sound);
}

/** The microphone's track. Rejects as `getUserMedia` does. */
export async function openMicrophone(): Promise<MediaStreamTrack | null> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  return stream.getAudioTracks()[0] ?? null;
}
