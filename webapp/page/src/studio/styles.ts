// The styles: tiles to choose from, and the line of those chosen with their weights. The mix is the one truth of both.
import { byId, make } from "../ui/dom";
import { icon } from "../ui/icons";
import { heaviest, isOwn, only, shares, toggle, weigh, without } from "../ui/styles/mix";
import { pictureOf } from "./server";
import type { State, Studio } from "./state";
import type { StudioConfig, StyleAsked } from "./types";

export interface StyleEntry {
  key: string;
  title: string;
  by: string;
  picture: string;
  /** Of an own picture, its path on the server. */
  path: string;
}

export interface Styles {
  entries: Map<string, StyleEntry>;
  /** Takes an own picture in and chooses it: instead of the others, or into the blend. */
  addOwn(path: string, name: string, picture: string): void;
  asked(): StyleAsked[];
  /** What the mix is called, as the server calls it: "The Great Wave", "The Scream 60 % and mine 40 %". */
  title(): string;
}

const FEW = 12;

export function createStyles(studio: Studio, config: StudioConfig, onPictures: (files: File[]) => void): Styles {
  const entries = new Map<string, StyleEntry>(
    config.styles.map(({ name, title, by }) => [name, { key: name, title, by, picture: pictureOf(name), path: "" }]),
  );
  const most = config.styles_at_once;
  const first = config.styles[0].name;
  const wall = byId("gallery");
  const mixing = byId<HTMLInputElement>("mixing");
  byId("mixing-label").textContent = `Blend up to ${most}`;
  let own = 0;

  const press = (key: string): void => {
    const { mix, mixing } = studio.get();
    studio.set({ mix: mixing ? toggle(mix, key, most) : only(key), shown: null });
  };
  const takeOut = (key: string): void => {
    studio.set({ mix: without(studio.get().mix, key, first), shown: null });
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
    wall.replaceChildren(anyPicture(onPictures), ...[...mine, ...rest].map((entry) => tile(entry, press, forget)));
    show(studio.get());
  };
  const show = (state: State): void => {
    const full = state.mixing && state.mix.length >= most;
    mixing.checked = state.mixing;
    for (const button of wall.querySelectorAll<HTMLButtonElement>("button.style")) {
      const on = state.mix.some((entry) => entry.key === button.dataset.key);
      button.setAttribute("aria-pressed", String(on));
      button.setAttribute("aria-disabled", String(full && !on));
    }
    showChosen(state, entries, {
      weigh: (key, weight) => studio.set({ mix: weigh(studio.get().mix, key, weight), shown: null }),
      remove: takeOut,
    });
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
    addOwn(path, name, picture) {
      own += 1;
      const key = `own:${own}`;
      const title = name.replace(/\.[^.]+$/, "") || "Your picture";
      entries.set(key, { key, title, by: "Your picture", picture, path });
      const { mix, mixing } = studio.get();
      build();
      studio.set({ mix: mixing ? toggle(mix, key, most) : only(key), shown: null });
    },
    asked: () =>
      studio.get().mix.map(({ key, weight }) => {
        const entry = entries.get(key)!;
        return isOwn(key)
          ? { name: "", path: entry.path, title: entry.title, weight }
          : { name: key, title: entry.title, weight };
      }),
    title() {
      const { mix } = studio.get();
      const titles = mix.map(({ key }) => entries.get(key)?.title ?? key);
      if (mix.length === 1) return titles[0];
      const parts = titles.map((title, i) => `${title} ${Math.round(100 * shares(mix)[i])} %`);
      return `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
    },
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

function anyPicture(onPictures: (files: File[]) => void): HTMLElement {
  const input = make("input", {
    type: "file",
    accept: "image/*,.style",
    multiple: true,
    className: "unseen",
    id: "own",
  });
  input.addEventListener("change", () => {
    const files = [...(input.files ?? [])];
    input.value = "";
    if (files.length) onPictures(files);
  });
  const face = make("span", { className: "own-face" }, icon("plus"));
  return make(
    "label",
    { className: "card own" },
    face,
    make("span", { className: "name", textContent: "Any picture" }),
    input,
  );
}

function tile(entry: StyleEntry, press: (key: string) => void, forget: (key: string) => void): HTMLElement {
  const picture = make("img", { src: entry.picture, alt: "", loading: "lazy", decoding: "async", draggable: false });
  const name = make("span", { className: "name", textContent: entry.title });
  const button = make("button", { type: "button", className: "style", data: { key: entry.key } }, picture, name);
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
}

/** The line of chosen styles: small picture, title, weight where there are several, and a cross. */
function showChosen(state: State, entries: Map<string, StyleEntry>, change: Changes): void {
  const line = byId("chosen");
  const keys = state.mix.map(({ key }) => key).join("\n") + state.mixing;
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
  const words = make("span", { className: "what" }, make("b", { textContent: entry.title }));
  if (!several) words.append(make("span", { className: "hint", textContent: entry.by }));
  const row = make("li", {}, picture, words);
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
