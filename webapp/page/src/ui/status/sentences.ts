// What went wrong, or is going on, in plain sentences. Pure: the browser's facts come in as arguments.
import type { StudyProgress } from "../../engine/study/messages";
import { sentenceOf } from "../../engine/trouble";
import type { Backend, PageConfig, Size, Who } from "../../types";
import type { Missing } from "../styles/palette";

/** What the page knows about the place it runs in. */
export interface PageContext {
  /** `window.isSecureContext` */
  secure: boolean;
  /** Inside another page's frame. */
  framed: boolean;
  /** Whether that page allows the camera; null where the browser does not tell. */
  cameraAllowed: boolean | null;
  /** The page died the last time, while the graphics card painted. */
  died: boolean;
}

export interface Problem {
  sentence: string;
  /** Offer a link that opens the page alone. */
  openAlone?: boolean;
}

/** Why the processor paints where the graphics card took the page along the last time. */
export const DIED =
  "The last time the browser gave up this page while the graphics card painted; now the processor paints. “WebGPU” as the painter tries the graphics card again.";

/** The camera is open, but nothing comes. */
export const PICTURE_AWAY =
  "The camera sends no picture: a switch or lid on it, the system, or another program may hold it back. Painting goes on as soon as one comes.";

const errorName = (error: unknown): string =>
  typeof error === "object" && error !== null && "name" in error ? String(error.name) : "";

const errorText = (error: unknown): string =>
  typeof error === "object" && error !== null && "message" in error ? String(error.message) : String(error ?? "");

/** Why the camera cannot even be asked for; null when it can. */
export function cameraBarrier(context: PageContext, hasMediaDevices: boolean): Problem | null {
  if (context.framed && context.cameraAllowed === false) {
    return {
      sentence: "The page around this one does not pass the camera on. Open Impasto in a tab of its own.",
      openAlone: true,
    };
  }
  if (!context.secure) {
    return {
      sentence:
        "Browsers give the camera only to secure pages. Open this page over https, or as localhost on this machine.",
    };
  }
  if (!hasMediaDevices)
    return { sentence: "This browser offers no camera to web pages. Try the sample scene, or another browser." };
  return null;
}

/** What `getUserMedia` threw. */
export function cameraTrouble(error: unknown, context: PageContext): Problem {
  switch (errorName(error)) {
    case "NotAllowedError":
    case "SecurityError":
      if (context.framed && context.cameraAllowed !== true) {
        return {
          sentence:
            "The camera was refused. The page around this one may not pass it on: open Impasto in a tab of its own.",
          openAlone: true,
        };
      }
      return {
        sentence:
          "The camera was refused. Allow it with the camera sign beside the address, then choose the camera again.",
      };
    case "NotFoundError":
    case "DevicesNotFoundError":
      return { sentence: "No camera was found. Plug one in, or try the sample scene." };
    case "NotReadableError":
    case "TrackStartError":
    case "AbortError":
      return {
        sentence: "The camera is in use by another program, or does not answer. Close the other program and try again.",
      };
    case "OverconstrainedError":
      return { sentence: "That camera is gone. Choose another one." };
    default:
      return { sentence: `The camera did not start: ${clause(errorText(error))}.` };
  }
}

/** What `getDisplayMedia` threw; null where the person only thought better of it. */
export function screenTrouble(error: unknown): string | null {
  if (errorName(error) === "NotAllowedError" && !/system/i.test(errorText(error))) return null;
  return "The screen could not be shown: the system may not allow the browser to record it.";
}

/** The painter owes something, and says nothing. */
export const SILENCE = "The painter has given no sign for a minute. It may still be at work, or have stopped for good.";
export const STUDY_SILENCE =
  "Studying has given no sign for a minute. It may still be at work, or have stopped for good.";

/** Why the microphone is missing from a recording. */
export function microphoneTrouble(error: unknown): string {
  const name = errorName(error);
  if (name === "NotAllowedError" || name === "SecurityError")
    return "The microphone was refused, so the recording has no sound.";
  if (name === "NotFoundError") return "No microphone was found, so the recording has no sound.";
  return "The microphone did not start, so the recording has no sound.";
}

/** The browser gives no sound, or cannot write it. */
export const SILENT = "The browser gave no sound, so the recording has none.";

/** What the engine threw at start. Its own sentences pass; the browser's exceptions are put into words. */
export function engineTrouble(error: unknown): string {
  const known = sentenceOf(error, "");
  if (known) return known;
  const text = errorText(error);
  const name = errorName(error);
  if (/hash|sha-?256|integrity|corrupt/i.test(text)) {
    return "A model file arrived damaged. Reload the page to fetch it again.";
  }
  if (name === "NetworkError" || /failed to fetch|networkerror|load failed/i.test(text)) {
    return "The connection was lost while the painter was loading. Check it, then try again.";
  }
  if (/out of memory|allocation failed|oom/i.test(text)) {
    return "This device ran out of memory. Close other tabs, or choose a broader brush.";
  }
  if (/device (was )?lost/i.test(text))
    return "The graphics processor stopped answering. Choose WebAssembly, or reload the page.";
  if (/webgpu/i.test(text) && /(not|no|un)\b|unavailable|unsupported/i.test(text)) {
    return "This browser has no WebGPU. Choose Automatic or WebAssembly.";
  }
  return isSentence(text) ? text : `The painter did not start: ${clause(text)}.`;
}

/** Why the page itself cannot begin: its configuration or its gallery did not come. */
export function loadTrouble(what: string, error: unknown): string {
  const text = errorText(error);
  if (/failed to fetch|networkerror|load failed/i.test(text))
    return `The connection was lost while fetching ${what}. Reload the page.`;
  return `${capital(what)} could not be read (${clause(text)}). Reload the page, or tell whoever runs it.`;
}

/** Why a file is no picture or clip for us. */
export function pictureTrouble(file: string): string {
  return `“${file}” could not be read as a picture. JPEG, PNG and WebP work.`;
}

export function waitingSentence(place: number): string {
  if (place <= 1) return "The server is busy. You are next in line.";
  return `The server is busy. You are number ${place} in line.`;
}

export const backendName: Record<Backend, string> = { webgpu: "WebGPU", wasm: "WebAssembly", server: "Server" };

/** What is told about the painting at work; `idle` when nothing moves and the last painting stays. Milliseconds. */
export interface Figures {
  backend: Backend;
  /** What the painter runs on. */
  detail: string;
  size: Size;
  shown: Size;
  fps: number;
  p50: number;
  p95: number;
  idle: boolean;
  model: string;
}

/** The facts behind the (i), as names and values. */
export function facts({ backend, detail, size, shown, fps, p50, p95, idle, model }: Figures): [string, string][] {
  const pace = idle ? "resting, nothing moves" : fps > 0 ? `${rate(fps)} frames/s` : "";
  const all: [string, string][] = [
    ["Painter", [backendName[backend], detail].filter(Boolean).join(": ")],
    ["Painted at", `${size.width} × ${size.height}`],
    ["Shown at", `${shown.width} × ${shown.height}`],
    ["Pace", pace],
    ["Delay", !idle && fps > 0 ? `${ms(p50)}, now and then ${ms(p95)}` : ""],
    ["Model", model],
  ];
  return all.filter(([, value]) => value);
}

/** What would help where no size reaches ten frames a second; `fps` is what there is. */
export function slowSentence(fps: number, backend: Backend, config: PageConfig): string {
  if (backend === "server")
    return `The server sends ${rate(fps)} pictures a second. A cable instead of wireless helps, or another network.`;
  const others = config.server
    ? ", plugging in the charger, or “Server” as the painter"
    : " or plugging in the charger";
  return `This device paints ${rate(fps)} pictures a second now. Closing other programs${others} helps.`;
}

const ms = (time: number): string => `${Math.round(time)} ms`;

/** What is said beside the choice of what is painted; empty where there is nothing to say. */
export function nobodySentence(who: Who, found: boolean, backend: Backend | null): string {
  if (who === "all") return "";
  if (!found) return "No person is found here, so all of it counts as background.";
  if (who === "each" && backend === "server")
    return "The server paints one style at a time: what is behind stays as it is.";
  return "";
}

/** The promise about pictures, true for the painter at work; before any works, for the place. */
export function privacySentence(backend: Backend | null, config: PageConfig): string {
  if (backend === "server")
    return "The server paints: your pictures are sent to it, painted and sent back. It keeps none.";
  if (backend === null && config.server) {
    return "Your device does the painting, nothing is uploaded. If it cannot, the server helps, and this line says so.";
  }
  return "Your device does the painting. Nothing is uploaded.";
}

/** Seconds as people say them: 45 s, 3 min, 1 h 5 min. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** "41 %, 12 frames/s, 2 min left"; what is not known yet is left out. */
export function progressText(done: {
  share: number;
  framesPerSecond: number | null;
  secondsLeft: number | null;
}): string {
  const parts = [`${Math.floor(100 * done.share)} %`];
  if (done.framesPerSecond !== null) parts.push(`${rate(done.framesPerSecond)} frames/s`);
  if (done.secondsLeft !== null) parts.push(`${duration(done.secondsLeft)} left`);
  return parts.join(", ");
}

/** How far a study is: "33 % Studying “reeds”, 40 s left"; how long it takes is not known before its second step. */
export function studyText(
  title: string,
  { share, steps, secondsLeft }: Pick<StudyProgress, "share" | "steps" | "secondsLeft">,
): string {
  const left = steps > 1 ? `, ${duration(secondsLeft)} left` : "";
  return `${Math.floor(100 * share)} % Studying “${title}”${left}`;
}

/** What is said where studying takes long, from the steps so far; `seconds`: of all of it. */
export function slowStudySentence(seconds: number): string {
  return (
    `Without WebGPU this takes about ${duration(seconds)} on this device. A .style file that was studied elsewhere ` +
    "can be dropped here instead."
  );
}

/** What came of a study. */
export function studiedSentence(steps: number): string {
  return `Studied in ${steps} ${steps === 1 ? "step" : "steps"}`;
}

/** Frames a second with the digits that matter. */
export const rate = (perSecond: number): string => perSecond.toFixed(perSecond < 10 ? 1 : 0);

/** What a copied link carries, and what it cannot: `own` are titles of the person's own styles, `instead` is seen for them. */
export function linkSentence(own: string[], instead: string): string {
  if (!own.length) return "Link copied.";
  const names = own.map((title) => `“${title}”`).join(" and ");
  const stay = own.length > 1 ? "stay" : "stays";
  return `Link copied. ${names} ${stay} on this device: whoever opens the link sees ${instead} instead.`;
}

/** Elapsed time as a clock: 0:07, 12:30. */
export function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** Bytes as people say them, in decimal megabytes. */
export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const isSentence = (text: string): boolean => /^[A-Z“].{15,}[.!?]$/s.test(text);
const clause = (text: string): string => text.trim().replace(/[.\s]+$/, "") || "no reason was given";

/** Of built-in styles whose brushes are missing; null where there are none. */
export function missingSentence(missing: readonly Missing[]): string | null {
  if (!missing.length) return null;
  const painted = missing.length > 1 ? "are painted without their brushes" : "is painted without its brush";
  return `${missing.map(({ title }) => title).join(" and ")} ${painted}. ${missing[0].why}`;
}
