// The sliders, switches and lists of the panel, bound to the settings both ways.
import type { Backend, PageConfig } from "../../types";
import { byId, make } from "../dom";
import type { Settings, Store } from "./settings";

/** Brushes: the short side of what is painted, in pixels, and its name. `BRUSHES` in webapp/files/brush_size.py, and a finest. */
export const BRUSHES: readonly (readonly [number, string])[] = [
  [224, "Broad"],
  [320, "Medium"],
  [480, "Fine"],
  [704, "Finest"],
];

const percent = (share: number): string => `${Math.round(100 * share)} %`;

export function bindControls(settings: Store<Settings>, config: PageConfig): void {
  bindRange(
    "strength",
    settings,
    (now) => now.strength,
    (value) => ({ strength: value }),
  );
  bindRange(
    "stability",
    settings,
    (now) => now.stability,
    (value) => ({ stability: value }),
  );
  bindKeepColors(settings);
  bindSide(settings);
  bindPainter(settings, config);
}

function bindRange(
  id: string,
  settings: Store<Settings>,
  read: (now: Settings) => number,
  write: (value: number) => Partial<Settings>,
): void {
  const input = byId<HTMLInputElement>(id);
  const output = byId<HTMLOutputElement>(`${id}-value`);
  const show = (now: Settings): void => {
    const text = percent(read(now));
    input.value = String(Math.round(100 * read(now)));
    input.style.setProperty("--fill", text.replace(" ", ""));
    input.setAttribute("aria-valuetext", text);
    output.textContent = text;
  };
  input.addEventListener("input", () => settings.set(write(input.valueAsNumber / 100)));
  settings.on(show);
  show(settings.get());
}

function bindKeepColors(settings: Store<Settings>): void {
  const input = byId<HTMLInputElement>("keep-colors");
  const show = (now: Settings): void => {
    input.checked = now.keepColors;
  };
  input.addEventListener("change", () => settings.set({ keepColors: input.checked }));
  settings.on(show);
  show(settings.get());
}

function bindSide(settings: Store<Settings>): void {
  const select = byId<HTMLSelectElement>("side");
  const option = (side: number, words: string): HTMLOptionElement =>
    make("option", { value: String(side), textContent: `${words} (${side} px)` });
  select.append(make("option", { value: "", textContent: "As fine as stays smooth" }));
  select.append(...BRUSHES.map(([side, words]) => option(side, words)));
  const show = ({ side }: Settings): void => {
    if (side !== null && !BRUSHES.some(([known]) => known === side) && !select.querySelector(`[value="${side}"]`)) {
      select.append(option(side, "As linked"));
    }
    select.value = side === null ? "" : String(side);
  };
  select.addEventListener("change", () => settings.set({ side: select.value ? Number(select.value) : null }));
  settings.on(show);
  show(settings.get());
}

function bindPainter(settings: Store<Settings>, config: PageConfig): void {
  const select = byId<HTMLSelectElement>("painter");
  const painters: [Backend | "auto", string][] = [
    ["auto", "Automatic"],
    ["webgpu", "WebGPU, the graphics processor"],
    ["wasm", "WebAssembly, the processor"],
  ];
  if (config.server) painters.push(["server", "Server, pictures are sent there"]);
  select.append(...painters.map(([value, textContent]) => make("option", { value, textContent })));
  const show = ({ backend }: Settings): void => {
    select.value = backend;
  };
  select.addEventListener("change", () => {
    const chosen = painters.find(([value]) => value === select.value);
    if (chosen) settings.set({ backend: chosen[0] });
  });
  settings.on(show);
  show(settings.get());
}
