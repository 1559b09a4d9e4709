// What is painted: everything, only the person, everything else, or each in a style of its own.
import { byId } from "../ui/dom";
import type { State, Studio } from "./state";
import type { Styles } from "./styles";
import type { Parts } from "./types";

const WORDS: Record<Parts, string> = {
  all: "Everything",
  person: "Only the person",
  background: "Everything but the person",
  each: "Each in a style of its own",
};

export function bindParts(studio: Studio, styles: Styles): void {
  const parts = byId<HTMLSelectElement>("parts");
  const rest = byId<HTMLSelectElement>("rest");
  parts.replaceChildren(...Object.entries(WORDS).map(([value, words]) => new Option(words, value)));
  parts.addEventListener("change", () => studio.set({ parts: parts.value as Parts, shown: null }));
  rest.addEventListener("change", () => studio.set({ rest: rest.value, shown: null }));
  const show = (state: State): void => {
    parts.value = state.parts;
    byId("rest-row").hidden = state.parts !== "each";
    if (state.parts === "all") sayNobody("");
    if (state.parts !== "each") return;
    // Own pictures come and go.
    const entries = [...styles.entries.values()];
    const keys = entries.map(({ key }) => key).join();
    if (rest.dataset.keys !== keys) rest.replaceChildren(...entries.map(({ key, title }) => new Option(title, key)));
    rest.dataset.keys = keys;
    if (styles.entries.has(state.rest)) rest.value = state.rest;
    else studio.set({ rest: entries[0].key });
  };
  studio.on(show);
  show(studio.get());
}

/** What is painted with what, for people: "The Great Wave, only the person". */
export function titleOf(state: State, styles: Styles): string {
  const words: Record<Parts, string> = {
    all: "",
    person: "only the person",
    background: "all but the person",
    each: `background in ${styles.rest().title}`,
  };
  return [styles.title(), words[state.parts]].filter(Boolean).join(", ");
}

/** Says that no person is found in what is previewed; "" says nothing. */
export function sayNobody(words: string): void {
  const box = byId("nobody");
  if (box.textContent !== words) box.textContent = words;
  box.hidden = !words;
}
