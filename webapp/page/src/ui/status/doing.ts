// What the page is doing, as one state that events move on, and the one sign that says so. Pure; drawn in status.ts.
import type { EngineEvent } from "../../types";
import { megabytes, waitingSentence } from "./sentences";

export interface Doing {
  /** The camera, a screen, a clip: asked for (the browser may be asking the person), or in front of the painter. */
  source: "none" | "asked" | "open";
  /** `opening` while another painter is being fetched and prepared; the one before may still be painting. */
  painter: "none" | "opening" | "ready";
  /** Bytes of what is being downloaded. */
  files: Readonly<Record<string, { loaded: number; total: number }>>;
  /** Place in the server's line, counted from 1. */
  place: number | null;
  /** A frame of the present source, by the present painter, is on the canvas. */
  painted: boolean;
  /** Title of the own picture that is being read. */
  reading: string | null;
  /** A clip is being painted: its dialog has the screen. */
  clip: boolean;
  /** A snapshot is being painted. */
  still: boolean;
}

export const NOTHING: Doing = {
  source: "none",
  painter: "none",
  files: {},
  place: null,
  painted: false,
  reading: null,
  clip: false,
  still: false,
};

export type Happening =
  | EngineEvent
  | { kind: "source"; source: Doing["source"] }
  | { kind: "reading"; title: string | null }
  | { kind: "clip"; open: boolean }
  | { kind: "still"; busy: boolean };

/** The state after an event. */
export function after(now: Doing, event: Happening): Doing {
  switch (event.kind) {
    case "source":
      // What was painted last stays on the canvas until another source is open: also where the camera was unplugged.
      return { ...now, source: event.source, painted: now.painted && event.source !== "open" };
    case "opening":
      return { ...now, painter: "opening", files: {}, place: null };
    case "download": {
      const { file, loaded, total } = event;
      return { ...now, files: { ...now.files, [file]: { loaded, total } } };
    }
    case "waiting":
      return { ...now, place: event.place };
    case "backend":
      return { ...now, painter: "ready", files: {}, place: null, painted: false };
    case "painted":
      // The old painter goes on until the new one is ready: its frames end no sign.
      if (now.painter !== "ready" || now.source !== "open") return now;
      return { ...now, painted: true, place: null };
    case "trouble":
      // Another painter that could not be opened leaves the one before at work.
      return {
        ...now,
        painter: event.fatal ? "none" : now.painter === "none" ? "none" : "ready",
        files: {},
        place: null,
      };
    case "note":
      return { ...now, files: {} };
    case "reading":
      return { ...now, reading: event.title, files: event.title === null ? {} : now.files };
    case "clip":
      return { ...now, clip: event.open };
    case "still":
      return { ...now, still: event.busy };
    case "room":
    case "stale":
    case "person":
    case "silence":
      return now;
  }
}

/** What the sign says, and how far it is where that is known: 0…1. */
export interface Sign {
  text: string;
  share: number | null;
}

/** The sign of a state; null where the picture speaks for itself. The order: what everything else waits for comes first. */
export function signOf(doing: Doing): Sign | null {
  const waits = (text: string, share: number | null = null): Sign => ({ text, share });
  const wanted = doing.source === "open" || doing.clip;
  if (doing.source === "asked") return waits("Waiting for the picture: the browser may ask you to allow it.");
  if (doing.place !== null) return waits(waitingSentence(doing.place));
  const download = downloadOf(doing.files);
  if (download && (wanted || doing.reading !== null)) {
    const { loaded, total } = download;
    const of = total === null ? "" : ` of ${megabytes(total)}`;
    return waits(`Fetching the painter, once: ${megabytes(loaded)}${of}`, total && loaded / total);
  }
  if (doing.painter === "opening" && wanted) return waits("Preparing the painter…");
  if (doing.reading !== null) return waits(`Reading “${doing.reading}”…`);
  if (doing.still) return waits("Painting the snapshot…");
  if (doing.source === "open" && doing.painter === "ready" && !doing.painted && !doing.clip)
    return waits("The first frame is being painted…");
  return null;
}

/** All downloads together, in bytes; null where none is under way. The total is null while one is not known. */
function downloadOf(files: Doing["files"]): { loaded: number; total: number | null } | null {
  const all = Object.values(files);
  if (all.every(({ loaded, total }) => total > 0 && loaded >= total)) return null;
  const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
  const known = all.every(({ total }) => total > 0);
  return { loaded: sum(all.map(({ loaded }) => loaded)), total: known ? sum(all.map(({ total }) => total)) : null };
}
