// The sliders, switches and lists of the panel, bound to the look both ways.
import type { Backend, PageConfig } from "../../types";
import { byId, make } from "../dom";
import type { Look, Store } from "./settings";

/** Working sizes offered by hand: the smaller, the broader the strokes. Short side in pixels. */
const SIDES: readonly (readonly [number, string])[] = [
  [192, "Very broad"],
  [256, "Broad"],
  [384, "Medium"],
  [512, "Fine"],
  [720, "Finest"],
];

const percent = (share: number): string => `${Math.round(100 * share)} %`;

export function bindControls(look: Store<Look>, config: PageConfig): void {
  bindRange(
    "strength",
    look,
    (now) => now.strength,
    (value) => ({ strength: value }),
  );
  bindRange(
    "stability",
    look,
    (now) => now.stability,
    (value) => ({ stability: value }),
  );
  bindKeepColors(look);
  bindSide(look);
  bindPainter(look, config);
}

function bindRange(
  id: string,
  look: Store<Look>,
  read: (now: Look) => number,
  write: (value: number) => Partial<Look>,
): void {
  const input = byId<HTMLInputElement>(id);
  const output = byId<HTMLOutputElement>(`${id}-value`);
  const show = (now: Look): void => {
    const text = percent(read(now));
    input.value = String(Math.round(100 * read(now)));
    input.style.setProperty("--fill", text.replace(" ", ""));
    input.setAttribute("aria-valuetext", text);
    output.textContent = text;
  };
  input.addEventListener("input", () => look.set(write(input.valueAsNumber / 100)));
  look.on(show);
  show(look.get());
}

function bindKeepColors(look: Store<Look>): void {
  const input = byId<HTMLInputElement>("keep-colors");
  const show = (now: Look): void => void (input.checked = now.keepColors);
  input.addEventListener("change", () => look.set({ keepColors: input.checked }));
  look.on(show);
  show(look.get());
}

function bindSide(look: Store<Look>): void {
  const select = byId<HTMLSelectElement>("side");
  const option = (side: number, words: string): HTMLOptionElement =>
    make("option", { value: String(side), textContent: `${words} (${side} px)` });
  select.append(make("option", { value: "", textContent: "Automatic, as fine as stays smooth" }));
  select.append(...SIDES.map(([side, words]) => option(side, words)));
  const show = ({ side }: Look): void => {
    if (side !== null && !SIDES.some(([known]) => known === side) && !select.querySelector(`[value="${side}"]`)) {
      select.append(option(side, "As linked"));
    }
    select.value = side === null ? "" : String(side);
  };
  select.addEventListener("change", () => look.set({ side: select.value ? Number(select.value) : null }));
  look.on(show);
  show(look.get());
}

function bindPainter(look: Store<Look>, config: PageConfig): void {
  const select = byId<HTMLSelectElement>("painter");
  const painters: [Backend | "auto", string][] = [
    ["auto", "Automatic"],
    ["webgpu", "WebGPU, the graphics processor"],
    ["wasm", "WebAssembly, the processor"],
  ];
  if (config.server) painters.push(["server", "Server, pictures are sent there"]);
  select.append(...painters.map(([value, textContent]) => make("option", { value, textContent })));
  const show = ({ painter }: Look): void => void (select.value = painter);
  select.addEventListener("change", () => {
    const chosen = painters.find(([value]) => value === select.value);
    if (chosen) look.set({ painter: chosen[0] });
  });
  look.on(show);
  show(look.get());
}
