// What the canvas shows, with sound if wanted, as a video file.

/** Containers and codecs by preference: files that every player and editor opens first. */
export const FILE_TYPES = [
  "video/mp4;codecs=avc1.42E01F,mp4a.40.2",
  "video/mp4;codecs=avc1.42E01F,opus",
  "video/mp4",
  "video/webm;codecs=vp9,opus",
  "video/webm;codecs=vp8,opus",
  "video/webm",
];

export interface Recording {
  /** Ends the recording; the same promise as `done`. */
  stop(): Promise<Blob>;
  /** The file, once the recording ended for whatever reason. Rejects when the browser gave up on it. */
  done: Promise<Blob>;
}

/** The first type that `works`; null when there is none. */
export function pickType(works: (type: string) => boolean): string | null {
  return FILE_TYPES.find(works) ?? null;
}

export const endingOf = (type: string): string => (type.startsWith("video/mp4") ? "mp4" : "webm");

/** Why recording cannot work here, as a sentence; null when it can. */
export function recordingBarrier(): string | null {
  if (typeof MediaRecorder === "undefined" || !("captureStream" in HTMLCanvasElement.prototype)) {
    return "This browser cannot record a canvas. A snapshot works.";
  }
  return pickType((type) => MediaRecorder.isTypeSupported(type))
    ? null
    : "This browser records no kind of video file we know.";
}

/** Records the canvas at 30 frames/s; `sound` belongs to the recording from now on and is stopped with it. */
export function record(canvas: HTMLCanvasElement, sound: MediaStreamTrack | null): Recording {
  const type = pickType((each) => MediaRecorder.isTypeSupported(each));
  const stream = canvas.captureStream(30);
  if (sound) stream.addTrack(sound);
  const bits = Math.max(4e6, Math.min(2e7, canvas.width * canvas.height * 12)); // paint is full of detail
  const recorder = new MediaRecorder(stream, { ...(type ? { mimeType: type } : {}), videoBitsPerSecond: bits });
  const parts: Blob[] = [];
  recorder.ondataavailable = ({ data }) => void (data.size && parts.push(data));
  const done = new Promise<Blob>((resolve, reject) => {
    recorder.onerror = () => reject(new Error("The browser could not go on recording."));
    recorder.onstop = () => {
      for (const track of stream.getTracks()) track.stop();
      if (parts.length) resolve(new Blob(parts, { type: recorder.mimeType || type || "video/webm" }));
      else reject(new Error("The recording holds no picture."));
    };
  });
  recorder.start(1000);
  const stop = (): Promise<Blob> => {
    if (recorder.state !== "inactive") recorder.stop();
    return done;
  };
  return { stop, done };
}

/** The microphone's track. Rejects as `getUserMedia` does. */
export async function openMicrophone(): Promise<MediaStreamTrack | null> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  return stream.getAudioTracks()[0] ?? null;
}
