// Requests to the server. A visitor is a name that this browser makes up and keeps; it is a secret like a password.
import type { Job, Preview, Source, StudioConfig, StyleSeen, Wish } from "./types";

const KEY = "impasto-visitor";

/** A sentence for the person. */
export class Refusal extends Error {}

/** The server did not answer at all. */
export class Lost extends Refusal {
  constructor() {
    super("The server cannot be reached; look at your connection and try again.");
  }
}

function madeUp(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The visitor's name, kept as long as the browser keeps anything for this page. */
function visitorName(): string {
  try {
    const kept = localStorage.getItem(KEY);
    if (kept && /^[0-9a-f]{32}$/.test(kept)) return kept;
    const fresh = madeUp();
    localStorage.setItem(KEY, fresh);
    return fresh;
  } catch {
    return madeUp(); // storage is off: the visit ends with the page
  }
}

const visitor = visitorName();

async function ask<T>(path: string, init: RequestInit = {}): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(`studio/${path}`, { ...init, headers: { ...init.headers, "X-Impasto-Visitor": visitor } });
  } catch (error) {
    if ((error as Error).name === "AbortError") throw error;
    throw new Lost();
  }
  if (!answer.ok) throw new Refusal(await sentenceOf(answer));
  return (await answer.json()) as T;
}

async function sentenceOf(answer: Response): Promise<string> {
  const body = await answer.json().catch(() => null);
  const detail = body?.detail;
  if (typeof detail === "string") return detail;
  if (Array.isArray(detail) && typeof detail[0]?.message === "string") return detail[0].message;
  return `The server answered with the status ${answer.status}; please try again.`;
}

function post<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  return ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal,
  });
}

export const getConfig = (): Promise<StudioConfig> => ask("config");
export const getExample = (): Promise<Source> => post("example", {});
export const getPreview = (wish: Wish, signal: AbortSignal): Promise<Preview> => post("preview", wish, signal);
export const submit = (wish: Wish): Promise<Job> => post("jobs", wish);
export const getJob = (id: string): Promise<Job> => ask(`jobs/${encodeURIComponent(id)}`);
export const removeJob = (id: string): Promise<unknown> => ask(`jobs/${id}`, { method: "DELETE" });
export const listen = (after: number): Promise<{ version: number; jobs: Job[] }> => ask(`jobs?after=${after}`);

export const study = (picture: { path: string; name: string }, on: Source | null): Promise<Job> =>
  post("study", { picture, on: on && { path: on.path, name: on.name } });
/** Ends a study and keeps what was learnt. */
export const enough = (id: string): Promise<unknown> => post(`jobs/${id}/enough`, {});
/** What an uploaded picture or `.style` file is as a style. */
export const lookAtStyle = (path: string, name: string): Promise<StyleSeen> => post("look?kind=style", { path, name });

/** What an upload is: a clip, or a picture to paint. */
export function look(kind: "clip" | "picture", path: string, name: string): Promise<Omit<Source, "url">> {
  return post<Omit<Source, "url">>(`look?kind=${kind}`, { path, name }).then((seen) => ({ ...seen, path, name }));
}

export const frameOf = (job: Job): string => `studio/jobs/${job.id}/frame?n=${job.frame}`;
export const paintedOf = (job: Job, number = 0): string => `studio/jobs/${job.id}/painted/${number}`;
export const sourceOf = (job: Job, number = 0): string => `studio/jobs/${job.id}/source/${number}`;
export const pictureOf = (style: string): string => `studio/styles/${encodeURIComponent(style)}`;
export const paintingOf = (style: string): string => `studio/paintings/${encodeURIComponent(style)}`;

/** What this page has uploaded, by the path it went to. */
const held = new Map<string, File>();

/**
 * Uploads once more what this page uploaded and the server has lost, as after its restart. Resolves with the new path,
 * null where the page does not hold the file or the server does not take it.
 */
export async function uploadAgain(
  path: string,
  most: number,
  progress: (name: string, share: number) => void,
): Promise<string | null> {
  const file = held.get(path);
  if (!file) return null;
  return upload(file, most, (share) => progress(file.name, share)).catch(() => null);
}

/**
 * Uploads a file; `progress` gets the share that is there, 0…1. Resolves with its path on the server; rejects with an
 * AbortError once `signal` is aborted.
 */
export function upload(
  file: File,
  most: number,
  progress: (share: number) => void,
  signal?: AbortSignal,
): Promise<string> {
  if (file.size > most) {
    const [has, may] = [file.size, most].map((bytes) => Math.ceil(bytes / 1e6));
    return Promise.reject(new Refusal(`${file.name} has ${has} MB, more than the ${may} MB allowed; shrink it first.`));
  }
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("files", file);
    request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    request.onerror = () => reject(new Lost());
    request.onabort = () => reject(new DOMException("The upload was cancelled.", "AbortError"));
    signal?.addEventListener("abort", () => request.abort());
    request.onload = async () => {
      if (request.status === 200) {
        const path = JSON.parse(request.responseText)[0];
        held.set(path, file);
        return resolve(path);
      }
      reject(new Refusal(await sentenceOf(new Response(request.responseText, { status: request.status }))));
    };
    request.open("POST", "gradio_api/upload");
    request.send(body);
  });
}

/** Ids of the jobs whose files were saved, so that nobody is asked about them again. */
export const saved = {
  has: (id: string): boolean => kept().includes(id),
  add(id: string): void {
    try {
      localStorage.setItem("impasto-saved", JSON.stringify([...kept().slice(-50), id]));
    } catch {
      memory.push(id);
    }
    for (const changed of listeners) changed();
  },
  /** Tells that one was saved, in this tab or in another one. */
  on(changed: () => void): void {
    listeners.push(changed);
    addEventListener("storage", changed);
  },
};
const memory: string[] = [];
const listeners: (() => void)[] = [];

function kept(): string[] {
  try {
    return [...memory, ...JSON.parse(localStorage.getItem("impasto-saved") ?? "[]")];
  } catch {
    return memory;
  }
}
