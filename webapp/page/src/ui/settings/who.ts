// What of the picture is painted: everything, only people, all but people, or both in styles of their own; and what is said
// where nobody is found.
import type { Engine, EngineEvent, Who } from "../../types";
import { byId, make } from "../dom";
import { nobodySentence } from "../status/sentences";
import { only } from "../styles/mix";
import type { Palette } from "../styles/palette";
import type { Settings, Store } from "./settings";

const CHOICES: readonly (readonly [Who, string])[] = [
  ["all", "Everything"],
  ["person", "Only the person"],
  ["background", "Everything but the person"],
  ["each", "Each in a style of its own"],
];

export function bindWho(settings: Store<Settings>, palette: Palette, engine: Engine): void {
  const select = byId<HTMLSelectElement>("who");
  const hint = byId("who-hint");
  let found = true;
  select.append(...CHOICES.map(([value, textContent]) => make("option", { value, textContent })));
  const show = (): void => {
    const { who } = settings.get();
    select.value = who;
    const sentence = nobodySentence(who, found, engine.backend);
    if (hint.textContent !== sentence) hint.textContent = sentence;
    hint.hidden = sentence === "";
  };
  select.addEventListener("change", () => {
    const choice = CHOICES.find(([value]) => value === select.value);
    if (choice) settings.set({ who: choice[0], choosing: choice[0] === "each" ? "behind" : "mix" });
  });
  settings.on((now, before) => {
    // What is behind begins with a style of its own.
    if (now.who === "each" && !now.behind.length) settings.set({ behind: only(other(now, palette)) });
    if (now.who === "all" && before.who !== "all") found = true; // the painter forgets, too
    show();
  });
  engine.on((event: EngineEvent) => {
    if (event.kind === "person") ({ found } = event);
    if (event.kind === "person" || event.kind === "backend") show();
  });
  if (settings.get().who === "each" && !settings.get().behind.length)
    settings.set({ behind: only(other(settings.get(), palette)) });
  show();
}

/** A built-in style that people do not have. */
const other = ({ mix }: Settings, palette: Palette): string =>
  [...palette.names].find((name) => !mix.some(({ key }) => key === name)) ?? palette.first;
