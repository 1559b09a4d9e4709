// Everything that is chosen, as plain data, and what is asked of the server from it.
import { createStore, type Store } from "../ui/settings/settings";
import type { Mix } from "../ui/styles/mix";
import type { Job, Kind, Parts, Source, StudioConfig, StyleAsked, Wish } from "./types";

export interface State {
  kind: Kind;
  clip: Source | null;
  /** The built-in clip, shown painted while there is no other. */
  ours: Source | null;
  pictures: Source[];
  /** Which of the pictures is previewed. */
  index: number;
  mix: Mix;
  mixing: boolean;
  strength: number;
  stability: number;
  keepColors: boolean;
  /** Shorter side that is painted, in pixels; 0 for the output's own. */
  brush: number;
  parts: Parts;
  /** The key of the style of all but the person, with parts "each". */
  rest: string;
  /** Shorter side of the output by kind; 0 for the source's own. */
  sizes: Record<Kind, number>;
  /** The part of the clip that is painted, in seconds; null for its end. */
  from: number;
  to: number | null;
  /** Where in the clip the preview is, 0…1. */
  at: number;
  /** The job on the stage, by its id; null for the preview. */
  shown: string | null;
}

export type Studio = Store<State>;

export function createState(config: StudioConfig): Studio {
  return createStore<State>({
    kind: "clip",
    clip: null,
    ours: null,
    pictures: [],
    index: 0,
    mix: [{ key: config.styles[0].name, weight: 1 }],
    mixing: false,
    strength: 1,
    stability: 1,
    keepColors: false,
    brush: config.brush,
    parts: "all",
    rest: (config.styles[1] ?? config.styles[0]).name,
    sizes: { clip: 0, pictures: 0 },
    from: 0,
    to: null,
    at: 0,
    shown: null,
  });
}

/** What was chosen to be painted. */
export const chosenSources = (state: State): Source[] =>
  state.kind === "pictures" ? state.pictures : state.clip ? [state.clip] : [];

/** What the preview shows: the sources, or else our own clip, for pictures too. */
export const previewed = (state: State): Source[] => {
  const sources = chosenSources(state);
  return sources.length || !state.ours ? sources : [state.ours];
};

/** All that shows in a preview, to compare by. */
export const lookOf = ({ mix, strength, keepColors, brush, parts, rest }: State): string =>
  JSON.stringify([mix, strength, keepColors, brush, parts, parts === "each" && rest]);

/** The wish to paint these sources as everything is set now. `rest`: the style of `state.rest`. */
export function wishFor(
  state: State,
  sources: { path: string; name: string }[],
  styles: StyleAsked[],
  rest: StyleAsked,
): Wish {
  const clip = state.kind === "clip";
  const { parts } = state;
  return {
    kind: state.kind,
    sources: sources.map(({ path, name }) => ({ path, name })),
    styles,
    strength: state.strength,
    keep_colors: state.keepColors,
    stability: state.stability, // of what moves: a clip, or an animated GIF
    brush: state.brush,
    size: state.sizes[state.kind],
    only: parts === "person" || parts === "background" ? parts : "",
    background: parts === "each" ? [rest] : [],
    start: clip ? state.from : 0,
    end: clip ? state.to : null,
    index: state.index,
    at: state.at,
  };
}

/** The wish to paint a job's sources once more, in other styles. */
export function again(job: Job, styles: StyleAsked[]): Wish {
  return { ...job.asked, styles };
}

export const isOver = (job: Job): boolean => ["done", "failed", "cancelled"].includes(job.state);

/** How long something lasts, as the server says it: "2.5 s", "2 min", "1 min 5 s". */
export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.round(10 * seconds) / 10} s`;
  const [minutes, rest] = [Math.floor(Math.round(seconds) / 60), Math.round(seconds) % 60];
  return rest ? `${minutes} min ${rest} s` : `${minutes} min`;
}

/** "1:05.2" or "5.2 s". */
export function clock(seconds: number): string {
  const tenths = Math.round(seconds * 10);
  const minutes = Math.floor(tenths / 600);
  const rest = (tenths % 600) / 10;
  return minutes ? `${minutes}:${rest.toFixed(1).padStart(4, "0")}` : `${rest.toFixed(1)} s`;
}
