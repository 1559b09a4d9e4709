// The styles: tiles to choose from, and the line of those chosen with their weights. The mix is the one truth of both.
import { breakable, byId, make } from "../ui/dom";
import { icon } from "../ui/icons";
import { pictureChooser } from "../ui/styles/chooser";
import { styleFace } from "../ui/styles/face";
import { heaviest, isOwn, only, shares, toggle, weigh, without } from "../ui/styles/mix";
import { frameOf, paintedOf, paintingOf, pictureOf } from "./server";
import { isOver, type State, type Studio } from "./state";
import type { Job, StudioConfig, StyleAsked, StyleSeen } from "./types";

export interface StyleEntry {
  key: string;
  title: string;
  by: string;
  picture: string;
  /** Address of the painting itself, small; null where there is none to show. */
  painting: string | null;
  /** Of an own picture or `.style` file, its path on the server. */
  path: string;
  /** What it is: a picture may be studied, and what was studied is painted as its job learnt it. */
  kind: "built-in" | "picture" | "file" | "studied";
  /** The job that studies it, or has. */
  job: string;
}

export interface Styles {
  entries: Map<string, StyleEntry>;
  /** Takes an own picture in and chooses it: instead of the others, or into the blend. */
  addOwn(path: string, name: string, seen: StyleSeen): void;
  /** Own styles of before a reload, under the keys they had; none of them is chosen. */
  bringBack(own: StyleEntry[]): void;
  /** Takes an own style out that the server has no more. */
  drop(key: string): void;
  /** Keeps up with the studies among the jobs: their paintings are shown, and what was learnt is painted with. */
  follow(jobs: Job[]): void;
  asked(): StyleAsked[];
  /** The style of all but the person, where it has one of its own. */
  rest(): StyleAsked;
  /** What the mix is called, as the server calls it: "The Great Wave", "The Scream 60 % and mine 40 %". */
  title(): string;
}

const FEW = 12;

interface Handlers {
  pictures(files: File[]): void;
  /** A picture is to be studied. */
  study(entry: StyleEntry): void;
}

export function createStyles(studio: Studio, config: StudioConfig, on: Handlers): Styles {
  const builtIn = ({ name, title, by, painting }: StudioConfig["styles"][number]): StyleEntry => {
    const pictures = { picture: pictureOf(name), painting: painting ? paintingOf(name) : null };
    return { key: name, title, by, ...pictures, path: "", kind: "built-in", job: "" };
  };
  const entries = new Map<string, StyleEntry>(config.styles.map((style) => [style.name, builtIn(style)]));
  const most = config.styles_at_once;
  const first = config.styles[0].name;
  const wall = byId("gallery");
  const mixing = byId<HTMLInputElement>("mixing");
  byId("mixing-label").textContent = `Blend up to ${most}`;
  /** The studies that are done and were among the styles. */
  const followed = new Set<string>();
  let own = 0;

  const press = (key: string): void => {
    const { mix, mixing } = studio.get();
    studio.set({ mix: mixing ? toggle(mix, key, most) : only(key), shown: null });
  };
  const takeOut = (key: string): void => {
    studio.set({ mix: without(studio.get().mix, key, first), shown: null });
    // The cross is gone that was pressed.
    (byId("chosen").querySelector<HTMLElement>("button.close") ?? mixing).focus({ preventScroll: true });
  };
  const forget = (key: string): void => {
    entries.delete(key);
    takeOut(key);
    build();
  };
  const build = (): void => {
    const all = [...entries.values()];
    const mine = all.filter(({ key }) => isOwn(key)).reverse();
    const rest = all.filter(({ key }) => !isOwn(key));
    wall.replaceChildren(
      pictureChooser("own", "Any picture", on.pictures),
      ...[...mine, ...rest].map((entry) => tile(entry, press, forget)),
    );
    show(studio.get());
  };
  const show = (state: State): void => {
    const full = state.mixing && state.mix.length >= most;
    mixing.checked = state.mixing;
    for (const button of wall.querySelectorAll<HTMLButtonElement>("button.style")) {
      const pressed = state.mix.some((entry) => entry.key === button.dataset.key);
      button.setAttribute("aria-pressed", String(pressed));
      button.setAttribute("aria-disabled", String(full && !pressed));
    }
    showChosen(state, entries, {
      weigh: (key, weight) => studio.set({ mix: weigh(studio.get().mix, key, weight), shown: null }),
      remove: takeOut,
      study: config.study_seconds > 0 ? on.study : null,
    });
  };
  /** An own style, chosen: instead of the others, or into the blend. */
  const add = (entry: Omit<StyleEntry, "key">): string => {
    own += 1;
    const key = `own:${own}`;
    entries.set(key, { ...entry, key });
    build();
    return key;
  };
  const take = (entry: Omit<StyleEntry, "key">): void => {
    const { mix, mixing } = studio.get();
    const key = add(entry);
    studio.set({ mix: mixing ? toggle(mix, key, most) : only(key), shown: null });
  };
  const followOne = (job: Job): void => {
    const known = [...entries.values()].find((entry) => entry.job === job.id);
    if (!known) {
      // From before a reload; what a person has taken out since stays out.
      if (job.state === "done" && !followed.has(job.id)) add(learnt(job, { title: job.painted_with, path: "" }));
      if (job.state === "done") followed.add(job.id);
    } else if (job.state === "done" && known.kind === "picture") {
      followed.add(job.id);
      entries.set(known.key, { ...learnt(job, known), key: known.key });
      build();
      studio.set({ mix: [...studio.get().mix], shown: null }); // painted anew
    } else if (isOver(job) && known.kind === "picture") {
      entries.set(known.key, { ...known, job: "" });
      build();
    } else if (!isOver(job) && job.frame) {
      for (const image of document.querySelectorAll<HTMLImageElement>(`img[data-style="${known.key}"]`))
        image.src = frameOf(job);
    }
  };

  const one = (key: string, weight: number): StyleAsked => {
    const { title, path, kind, job } = entries.get(key)!;
    if (kind === "built-in") return { name: key, title, weight };
    return kind === "studied" ? { name: "", job, title, weight } : { name: "", path, title, weight };
  };

  mixing.addEventListener("change", () => {
    const { mix } = studio.get();
    studio.set({ mixing: mixing.checked, mix: mixing.checked ? mix : heaviest(mix) });
  });
  bindMore(wall, () => entries.size);
  studio.on((now, before) => (now.mix !== before.mix || now.mixing !== before.mixing) && show(now));
  build();

  return {
    entries,
    addOwn(path, name, { thumb, title, note }) {
      const kind = title === undefined ? "picture" : "file";
      const shown = title || name.replace(/\.[^.]+$/, "") || "Your picture";
      const by = note || (kind === "file" ? "Studied" : "Your picture");
      take({ title: shown, by, picture: thumb, painting: null, path, kind, job: "" });
    },
    bringBack(back) {
      for (const entry of back) {
        entries.set(entry.key, entry);
        own = Math.max(own, Number(entry.key.split(":")[1]));
        if (entry.kind === "studied") followed.add(entry.job);
      }
      build();
    },
    drop(key) {
      entries.delete(key);
      studio.set({ mix: without(studio.get().mix, key, first) });
      build();
    },
    follow: (jobs) => jobs.filter(({ kind }) => kind === "study").forEach(followOne),
    asked: () => studio.get().mix.map(({ key, weight }) => one(key, weight)),
    rest: () => one(entries.has(studio.get().rest) ? studio.get().rest : first, 1),
    title() {
      const { mix } = studio.get();
      const titles = mix.map(({ key }) => entries.get(key)?.title ?? key);
      if (mix.length === 1) return titles[0];
      const parts = titles.map((title, i) => `${title} ${Math.round(100 * shares(mix)[i])} %`);
      return `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
    },
  };
}

/** A picture after its study. */
function learnt(job: Job, { title, path }: Pick<StyleEntry, "title" | "path">): Omit<StyleEntry, "key"> {
  return {
    title,
    path,
    by: `Your picture, ${job.facts}`,
    picture: paintedOf(job, 0),
    painting: null,
    kind: "studied",
    job: job.id,
  };
}

function bindMore(wall: HTMLElement, count: () => number): void {
  const more = byId<HTMLButtonElement>("more");
  const expand = (all: boolean): void => {
    wall.classList.toggle("few", !all);
    more.setAttribute("aria-expanded", String(all));
    more.textContent = all ? "Show fewer styles" : `Show all ${count()} styles`;
  };
  more.hidden = count() < FEW;
  more.addEventListener("click", () => expand(more.ariaExpanded !== "true"));
  expand(false);
}

function tile(entry: StyleEntry, press: (key: string) => void, forget: (key: string) => void): HTMLElement {
  const picture = make("img", { src: entry.picture, alt: "", loading: "lazy", decoding: "async", draggable: false });
  picture.dataset.style = entry.key;
  const name = make("span", { className: "name", textContent: breakable(entry.title) });
  const button = make("button", { type: "button", className: "style", data: { key: entry.key } });
  button.append(styleFace(picture, entry.painting), name);
  button.title = [entry.title, entry.by].filter(Boolean).join("\n");
  button.setAttribute("aria-label", [entry.title, entry.by].filter(Boolean).join(", "));
  button.addEventListener("click", () => button.ariaDisabled !== "true" && press(entry.key));
  const card = make("div", { className: "card" }, button);
  if (isOwn(entry.key)) {
    const away = make(
      "button",
      { type: "button", className: "away", aria: { label: `Remove ${entry.title}` } },
      icon("close"),
    );
    away.addEventListener("click", () => forget(entry.key));
    card.append(away);
  }
  return card;
}

interface Changes {
  weigh(key: string, weight: number): void;
  remove(key: string): void;
  /** Null where nothing is studied. */
  study: ((entry: StyleEntry) => void) | null;
}

/** The line of chosen styles: small picture, title, weight where there are several, and a cross. */
function showChosen(state: State, entries: Map<string, StyleEntry>, change: Changes): void {
  const line = byId("chosen");
  const shown = state.mix.map(({ key }) => `${key} ${entries.get(key)?.kind} ${entries.get(key)?.job}`);
  const keys = shown.join("\n") + state.mixing;
  if (line.dataset.keys !== keys) {
    line.dataset.keys = keys;
    line.replaceChildren(...state.mix.map(({ key }) => chosen(entries.get(key)!, state, change)));
  }
  const parts = shares(state.mix);
  [...line.children].forEach((row, i) => {
    const input = row.querySelector("input");
    const percent = Math.round(100 * state.mix[i].weight);
    if (!input) return;
    if (input.valueAsNumber !== percent) input.value = String(percent);
    input.style.setProperty("--fill", `${percent}%`);
    row.querySelector("output")!.textContent = `${Math.round(100 * parts[i])} %`;
  });
}

function chosen(entry: StyleEntry, state: State, change: Changes): HTMLLIElement {
  const several = state.mix.length > 1;
  const picture = make("img", { src: entry.picture, alt: "", draggable: false });
  picture.dataset.style = entry.key;
  const words = make("span", { className: "what" }, make("b", { textContent: entry.title }));
  if (!several) words.append(make("span", { className: "hint", textContent: entry.by }));
  const row = make("li", {}, picture, words);
  if (!several && change.study && entry.kind === "picture" && !entry.job) row.append(studyButton(entry, change.study));
  if (!several && !isOwn(entry.key)) return row;
  const away = make(
    "button",
    { type: "button", className: "close", aria: { label: `Take ${entry.title} out` } },
    icon("close"),
  );
  away.addEventListener("click", () => change.remove(entry.key));
  if (several) {
    const label = `Weight of ${entry.title}`;
    const input = make("input", { type: "range", min: "0", max: "100", step: "1", aria: { label } });
    input.addEventListener("input", () => change.weigh(entry.key, input.valueAsNumber / 100));
    row.append(make("output"), input);
  }
  row.append(away);
  return row;
}

function studyButton(entry: StyleEntry, study: (entry: StyleEntry) => void): HTMLButtonElement {
  const button = make("button", { type: "button", className: "secondary study", textContent: "Study this picture" });
  button.title = "Takes a while; its strokes and shapes are painted more closely afterwards.";
  button.addEventListener("click", () => {
    button.disabled = true;
    study(entry);
  });
  return button;
}
