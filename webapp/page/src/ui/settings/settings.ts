// Everything a person can set about the painting, as plain data, and a store that tells who listens.
import type { Backend, Who } from "../../types";
import type { Mix } from "../styles/mix";

export interface Settings {
  mix: Mix;
  /** 0 the camera's picture … 1 the painting. */
  strength: number;
  /** 0 every frame by itself … 1 as steady as it gets; only models with a step graph know it. */
  stability: number;
  keepColors: boolean;
  /** null: as the source suggests, mirrored for a camera that faces the person. */
  mirror: boolean | null;
  /** Short side of the frames that are painted, in pixels; null lets the page choose. */
  side: number | null;
  /** Which painter; "auto" for the best that works. In links it is called "painter". */
  backend: Backend | "auto";
  /** Share of the width that stays unpainted; null for no divider. */
  split: number | null;
  /** What of the picture is painted; `mix` is then the style of people, but for "background". */
  who: Who;
  /** The style of what is behind people, where both are painted; empty until then. */
  behind: Mix;
  /** Which of the two the gallery chooses; not part of a link. */
  choosing: "mix" | "behind";
}

export const DEFAULT_SETTINGS: Settings = {
  mix: [],
  strength: 1,
  stability: 1,
  keepColors: false,
  mirror: null,
  side: null,
  backend: "auto",
  split: null,
  who: "all",
  behind: [],
  choosing: "mix",
};

export interface Store<T> {
  get(): T;
  set(patch: Partial<T>): void;
  /** The listener gets the new value and the one before; call the result to stop listening. */
  on(listener: (now: T, before: T) => void): () => void;
}

export function createStore<T extends object>(initial: T): Store<T> {
  let value = initial;
  const listeners = new Set<(now: T, before: T) => void>();
  return {
    get: () => value,
    set(patch) {
      const before = value;
      value = { ...value, ...patch };
      for (const listener of listeners) listener(value, before);
    },
    on(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
