// The wall of styles: built-in ones, own pictures, and the sliders of a blend.

import type { Rules } from "../../types";
import { breakable, byId, make } from "../dom";
import { icon } from "../icons";
import type { Settings, Store } from "../settings/settings";
import { pictureChooser } from "./chooser";
import { styleFace } from "./face";
import { heaviest, isOwn, only, shares, toggle, weigh, without } from "./mix";
import type { Palette, PaletteStyle } from "./palette";

export interface Gallery {
  /** Shows the styles there are now. */
  rebuild(): void;
}

/** Cards that a wide page shows at first, the one for own pictures included; the stylesheet hides the others. */
const FEW = 12;

/**
 * `onPictures` gets what the person chose as own pictures, `onRemoved` the key of one that was taken away; of the model's
 * rules, how many styles mix and what lies behind.
 */
export function createGallery(
  settings: Store<Settings>,
  palette: Palette,
  rules: Pick<Rules, "styles_at_once" | "background">,
  onPictures: (files: File[]) => void,
  onRemoved: (key: string) => void,
): Gallery {
  const wall = byId("gallery");
  const sliders = byId("mix");
  const mixing = byId<HTMLInputElement>("mixing");
  const more = byId<HTMLButtonElement>("more");
  const chooser = pictureChooser("use-picture", "Any picture", onPictures);
  wall.style.setProperty("--behind", `rgb(${rules.background.join(" ")})`);
  byId("mixing-label").textContent = `Blend up to ${rules.styles_at_once}`;

  const press = (key: string): void => {
    const { mix } = settings.get();
    settings.set({ mix: mixing.checked ? toggle(mix, key, rules.styles_at_once) : only(key) });
  };
  const remove = (key: string): void => {
    palette.remove(key);
    onRemoved(key);
    settings.set({ mix: without(settings.get().mix, key, palette.first) });
    rebuild();
    chooser.querySelector("input")?.focus();
  };
  const rebuild = (): void => {
    const styles = [...palette.styles.values()];
    const own = styles.filter((style) => isOwn(style.key)).reverse();
    const builtIn = styles.filter((style) => !isOwn(style.key));
    wall.replaceChildren(chooser, ...[...own, ...builtIn].map((style) => card(style, press, remove)));
    show();
    const hiding = [...wall.children].slice(FEW).some((each) => each.querySelector('[aria-pressed="true"]'));
    expand(more.ariaExpanded === "true" || hiding);
  };
  const expand = (all: boolean): void => {
    wall.classList.toggle("few", !all);
    more.hidden = wall.children.length <= FEW;
    more.setAttribute("aria-expanded", String(all));
    more.textContent = all ? "Show fewer styles" : `Show all ${palette.styles.size} styles`;
  };
  const show = (): void => {
    const { mix } = settings.get();
    if (mix.length > 1) mixing.checked = true;
    const full = mixing.checked && mix.length >= rules.styles_at_once;
    for (const button of wall.querySelectorAll<HTMLButtonElement>("button.style")) {
      const active = mix.some((entry) => entry.key === button.dataset.key);
      button.setAttribute("aria-pressed", String(active));
      button.setAttribute("aria-disabled", String(full && !active));
    }
    sliders.hidden = !mixing.checked;
    showSliders(sliders, settings, palette);
  };

  mixing.addEventListener("change", () => {
    if (!mixing.checked) settings.set({ mix: heaviest(settings.get().mix) });
    else show();
  });
  more.addEventListener("click", () => expand(more.ariaExpanded !== "true"));
  settings.on((now, before) => now.mix !== before.mix && show());
  rebuild();
  return { rebuild };
}

function card(style: PaletteStyle, press: (key: string) => void, remove: (key: string) => void): HTMLElement {
  const picture = style.preview
    ? make("img", { src: style.preview, alt: "", loading: "lazy", decoding: "async", draggable: false })
    : swatch(style.key);
  if (isOwn(style.key)) picture.classList.add("behind"); // where it is transparent
  const words = make("span", { className: "name", textContent: breakable(style.title) });
  const button = make("button", { type: "button", className: "style", data: { key: style.key } });
  button.append(styleFace(picture, style.painting), words);
  button.title = [style.title, style.by].filter(Boolean).join("\n");
  if (style.by) button.append(make("span", { className: "unseen", textContent: `, ${style.by}` }));
  button.addEventListener("click", () => button.ariaDisabled !== "true" && press(style.key));
  const box = make("div", { className: "card" }, button);
  if (isOwn(style.key)) {
    const away = make(
      "button",
      { type: "button", className: "away", aria: { label: `Remove ${style.title}` } },
      icon("close"),
    );
    away.addEventListener("click", () => remove(style.key));
    box.append(away);
  }
  return box;
}

/** A few fields of colour that belong to the name, where there is no preview. */
function swatch(name: string): HTMLElement {
  let seed = 7;
  for (const letter of name) seed = (seed * 31 + letter.charCodeAt(0)) % 9973;
  const box = make("span", { className: "swatch" });
  ["--a", "--b", "--c"].forEach((field, i) => {
    box.style.setProperty(
      field,
      `hsl(${(seed * (i + 3) * 47) % 360} ${48 + ((seed * (i + 1)) % 30)}% ${38 + 14 * i}%)`,
    );
  });
  box.style.setProperty("--turn", `${seed % 360}deg`);
  return box;
}

/** One slider for each style of the mix; kept in place while it is dragged. */
function showSliders(box: HTMLElement, settings: Store<Settings>, palette: Palette): void {
  const { mix } = settings.get();
  const keys = mix.map((entry) => entry.key).join(" ");
  if (box.dataset.keys !== keys) {
    box.dataset.keys = keys;
    const hint = mix.length < 2 ? "Choose more styles below to blend them." : "";
    box.replaceChildren(
      ...mix.map((entry) => slider(entry.key, settings, palette)),
      make("p", { className: "hint", textContent: hint }),
    );
  }
  const entry = shares(mix);
  box.querySelectorAll<HTMLElement>(".slide").forEach((row, i) => {
    const weight = Math.round(100 * mix[i].weight);
    const input = row.querySelector("input")!;
    if (input.valueAsNumber !== weight) input.value = String(weight);
    input.style.setProperty("--fill", `${weight}%`);
    row.querySelector("output")!.textContent = `${Math.round(100 * entry[i])} %`;
  });
}

function slider(key: string, settings: Store<Settings>, palette: Palette): HTMLElement {
  const title = palette.styles.get(key)?.title ?? key;
  const input = make("input", {
    type: "range",
    min: "0",
    max: "100",
    step: "1",
    aria: { label: `Weight of ${title}` },
  });
  input.addEventListener("input", () =>
    settings.set({ mix: weigh(settings.get().mix, key, input.valueAsNumber / 100) }),
  );
  return make("div", { className: "slide" }, make("span", { textContent: title }), make("output"), input);
}
