// Whose style the gallery chooses: where people and what is behind them have styles of their own, one of the two.
import { byId } from "../dom";
import type { Settings, Store } from "../settings/settings";

/** The settings as the gallery sees them: `mix` is the one that is being chosen. */
export function targeted(settings: Store<Settings>): Store<Settings> {
  const isBehind = ({ who, choosing }: Settings): boolean => who === "each" && choosing === "behind";
  const seen = (all: Settings): Settings => (isBehind(all) ? { ...all, mix: all.behind } : all);
  return {
    get: () => seen(settings.get()),
    set({ mix, ...patch }) {
      const key = isBehind(settings.get()) ? "behind" : "mix";
      settings.set(mix ? { ...patch, [key]: mix } : patch);
    },
    on: (listener) => settings.on((now, before) => listener(seen(now), seen(before))),
  };
}

/** The two buttons above the gallery, there where there is a choice. */
export function bindTarget(settings: Store<Settings>): void {
  const row = byId("targets");
  const show = ({ who, choosing }: Settings): void => {
    row.hidden = who !== "each";
    for (const button of row.querySelectorAll("button"))
      button.setAttribute("aria-pressed", String(button.value === choosing));
  };
  for (const button of row.querySelectorAll("button"))
    button.addEventListener("click", () => settings.set({ choosing: button.value === "behind" ? "behind" : "mix" }));
  settings.on(show);
  show(settings.get());
}
