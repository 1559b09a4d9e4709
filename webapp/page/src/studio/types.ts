// What the server says to the page for files, and what the page asks of it.

export interface BuiltIn {
  name: string;
  title: string;
  /** Artist and year. */
  by: string;
  /** Whether there is a small picture of the painting itself. */
  painting: boolean;
}

/** /studio/config: styles, limits, and what may be chosen. */
export interface StudioConfig {
  styles: BuiltIn[];
  styles_at_once: number;
  pictures_at_once: number;
  upload_bytes: number;
  clip_limits: string;
  picture_limits: string;
  jobs_at_once: number;
  /** How long a painting stays, and a job goes on alone, in words. */
  kept: string;
  grace: string;
  /** Shorter side in pixels that is painted, by the brush's name. */
  brushes: Record<string, number>;
  brush: number;
  clip_sizes: number[];
  picture_sizes: number[];
  clip_size: number;
  picture_size: number;
  /** How long a picture may be studied here; 0 where nothing is studied. */
  study_seconds: number;
  steady: boolean;
  example: boolean;
  model: { name: string; licence: string };
  api: Endpoint[];
}

/** An endpoint of the API, in words. */
export interface Endpoint {
  name: string;
  does: string;
  returns: string;
  parameters: { name: string; type: string; default: string | null; words: string }[];
}

/** What is painted: everything, the person alone, all else alone, or each in a style of its own. */
export type Parts = "all" | "person" | "background" | "each";

export type Kind = "clip" | "pictures";

/** A file that was uploaded. `seconds` and `longest`, the longest part that may be painted, are a clip's. */
export interface Source {
  path: string;
  name: string;
  facts: string;
  width: number;
  height: number;
  thumb: string;
  seconds?: number;
  longest?: number;
  /** Where in a clip, 0…1, there is something to see for the first time: many begin in black. */
  at?: number;
  /** An address of the file as the browser has it; null after a reload. */
  url: string | null;
}

/** What an uploaded style is: a small picture of it, and of a `.style` file its title and what is said of its licence. */
export interface StyleSeen {
  thumb: string;
  title?: string;
  note?: string;
}

/** A built-in style by name, an own picture by the path it was uploaded to, or a study by its job. */
export interface StyleAsked {
  name: string;
  path?: string;
  job?: string;
  title: string;
  weight: number;
}

export interface Wish {
  kind: Kind;
  sources: { path: string; name: string }[];
  styles: StyleAsked[];
  strength: number;
  keep_colors: boolean;
  stability: number;
  brush: number;
  size: number;
  /** What alone is painted; empty for everything. */
  only: "" | "person" | "background";
  /** The style of all but the person, where it has one of its own. */
  background: StyleAsked[];
  start: number;
  end: number | null;
  index: number;
  at: number;
}

export type JobState = "waiting" | "painting" | "done" | "failed" | "cancelled";

export interface Job {
  id: string;
  kind: Kind | "study";
  names: string[];
  state: JobState;
  words: string;
  done: number;
  total: number;
  /** Counts the painted frames that can be looked at. */
  frame: number;
  /** What the painted files are called. */
  files: string[];
  facts: string;
  size: [number, number] | null;
  /** Whether the painted clip has sound. */
  sound: boolean;
  painted_with: string;
  /** Of a study, its sources alone. */
  asked: Wish;
}

export interface Preview {
  before: string;
  after: string;
  /** That no person is found, where that matters; else empty. */
  note: string;
  width: number;
  height: number;
}
