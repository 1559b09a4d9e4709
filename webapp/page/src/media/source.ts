// What is in front of the painter: a stream (camera, screen, sample scene) or a clip that plays in a loop.
import { stopStream } from "./camera";

export type Source = MediaStream | { clip: File; address: string };

/** A clip as a source; it is not looked at yet. */
export const clipSource = (clip: File): Source => ({ clip, address: URL.createObjectURL(clip) });

const isStream = (source: Source): source is MediaStream => "getTracks" in source;

export const streamOf = (source: Source | null): MediaStream | null => (source && isStream(source) ? source : null);

/** Puts a source into the video. Rejects for a clip that the browser cannot play. */
export async function showSource(video: HTMLVideoElement, source: Source): Promise<void> {
  if (isStream(source)) {
    video.removeAttribute("src");
    video.srcObject = source;
  } else {
    video.srcObject = null;
    video.loop = true;
    const there = new Promise((resolve, reject) => {
      video.addEventListener("loadeddata", resolve, { once: true });
      video.addEventListener("error", () => reject(new Error("The clip cannot be played.")), { once: true });
    });
    video.src = source.address;
    await there;
    if (!video.videoWidth) throw new Error("There is no picture in the clip.");
  }
  await video.play().catch(() => {}); // interrupted by the next source, or started by the browser later
}

/** Lets a source go. */
export function releaseSource(source: Source | null): void {
  if (!source) return;
  if (isStream(source)) stopStream(source);
  else URL.revokeObjectURL(source.address);
}
