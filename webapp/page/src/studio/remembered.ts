// What is chosen, kept in the browser for as long as its tab is open: a reload, or a way there and back, loses none of it.
import { isOwn, type Mix, only } from "../ui/styles/mix";
import { getJob, Lost, look, lookAtStyle, Refusal, uploadAgain } from "./server";
import type { State, Studio } from "./state";
import type { StyleEntry, Styles } from "./styles";
import type { Source, StudioConfig } from "./types";

const KEY = "impasto-chosen";

interface Chosen {
  state: State;
  own: StyleEntry[];
}

/** Whether the server still has what was uploaded, as far as it answers; what it says otherwise is not worth a sentence here. */
const stillThere = (asked: Promise<unknown>): Promise<boolean> =>
  asked.then(
    () => true,
    (error) => {
      if (error instanceof Refusal) return error instanceof Lost;
      throw error;
    },
  );

const hasStyle = ({ kind, job, path, title }: StyleEntry): Promise<boolean> =>
  kind === "studied"
    ? getJob(job).then(
        ({ state }) => state === "done",
        (error) => error instanceof Lost,
      )
    : stillThere(lookAtStyle(path, title));

const sourceThere =
  (kind: "clip" | "picture") =>
  ({ path, name }: Source): Promise<boolean> =>
    stillThere(look(kind, path, name));

/** Those for which it holds, asked all at once. */
async function those<T>(all: T[], holds: (one: T) => Promise<boolean>): Promise<T[]> {
  const held = await Promise.all(all.map(holds));
  return all.filter((_, i) => held[i]);
}

/** What of the choice the server still has, and the names of what it has not. */
async function present({ state, own }: Chosen) {
  const [styled, clips, pictures] = await Promise.all([
    those(own, hasStyle),
    those(state.clip ? [state.clip] : [], sourceThere("clip")),
    those(state.pictures, sourceThere("picture")),
  ]);
  const there = new Set([...clips, ...pictures].map(({ path }) => path));
  const all = [...(state.clip ? [state.clip] : []), ...state.pictures];
  const lost = all.filter(({ path }) => !there.has(path)).map(({ name }) => name);
  lost.push(...own.filter((entry) => !styled.includes(entry)).map(({ title }) => title));
  return { styled, clip: clips[0] ?? null, pictures, there, lost };
}

/**
 * Uploads again what the server has lost, as after its restart, and takes out what this page cannot bring back.
 * `progress` is told of each file on its way. Resolves with the names of what is gone.
 */
export async function bringBackLost(
  studio: Studio,
  styles: Styles,
  most: number,
  progress: (name: string, share: number) => void,
): Promise<string[]> {
  const own = [...styles.entries.values()].filter(({ key }) => isOwn(key));
  const asked = { state: studio.get(), own };
  const { styled, there, lost } = await present(asked);
  if (!lost.length) return [];
  const gone: string[] = [];
  /** Where a file lies now; null where it is gone. */
  const placeOf = async (path: string, name: string): Promise<string | null> => {
    const place = there.has(path) ? path : await uploadAgain(path, most, progress);
    if (place === null) gone.push(name);
    return place;
  };
  const { clip, pictures } = asked.state;
  const here = async (source: Source): Promise<Source | null> => {
    const path = await placeOf(source.path, source.name);
    return path === null ? null : { ...source, path };
  };
  const clipHere = clip && (await here(clip));
  const picturesHere: Source[] = [];
  for (const picture of pictures) {
    const found = await here(picture);
    if (found) picturesHere.push(found);
  }
  for (const entry of own) {
    if (styled.includes(entry)) continue;
    // What was studied is gone with its job.
    const path = entry.kind === "studied" ? null : await placeOf(entry.path, entry.title);
    if (path) styles.entries.set(entry.key, { ...entry, path, job: "" });
    else styles.drop(entry.key);
    if (entry.kind === "studied") gone.push(entry.title);
  }
  if (studio.get().clip !== clip || studio.get().pictures !== pictures) return gone; // chosen anew meanwhile
  studio.set({
    clip: clipHere,
    pictures: picturesHere,
    index: 0,
    mix: [...studio.get().mix], // its styles may lie elsewhere
    ...(clipHere ? {} : { from: 0, to: null, at: 0 }),
  });
  return gone;
}

function read(): Chosen | null {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  } catch {
    return null;
  }
}

/** Keeps what is chosen whenever the page is left. */
export function rememberChosen(studio: Studio, styles: Styles): void {
  addEventListener("pagehide", () => {
    const { clip, pictures, ...rest } = studio.get();
    const here = (source: Source): Source => ({ ...source, url: null }); // an address of this page's life
    const state = { ...rest, clip: clip && here(clip), pictures: pictures.map(here), ours: null, shown: null };
    const chosen: Chosen = { state, own: [...styles.entries.values()].filter(({ key }) => isOwn(key)) };
    try {
      sessionStorage.setItem(KEY, JSON.stringify(chosen));
    } catch {
      // no room, or storage is off: the next visit begins anew
    }
  });
}

/** Chooses what was chosen before the page was left, as far as the server still has it. Resolves with the names of
 * clip and pictures that it has not. */
export async function recallChosen(studio: Studio, styles: Styles, config: StudioConfig): Promise<string[]> {
  const chosen = read();
  if (!chosen) return [];
  const { state } = chosen;
  const { styled, clip, pictures, lost } = await present(chosen);
  styles.bringBack(styled);
  const known = ({ key }: { key: string }): boolean => styles.entries.has(key);
  const mix: Mix = state.mix.filter(known);
  studio.set({
    ...state,
    shown: studio.get().shown, // as the address has it
    clip,
    pictures,
    ...(clip ? {} : { from: 0, to: null, at: 0 }),
    index: 0,
    mix: mix.length ? mix : only(config.styles[0].name),
    rest: known({ key: state.rest }) ? state.rest : studio.get().rest,
  });
  return lost;
}
