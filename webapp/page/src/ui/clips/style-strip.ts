// The styles in a row, inside a dialog: the same choice as the gallery's.
import { breakable, make } from "../dom";
import { icon } from "../icons";
import type { Settings, Store } from "../settings/settings";
import { styleFace } from "../styles/face";
import { only } from "../styles/mix";
import type { Palette, PaletteStyle } from "../styles/palette";

export interface StyleStrip {
  element: HTMLElement;
  /** Stops following the settings. */
  leave(): void;
}

/** `onFiles` gets what the person chose as a style of their own. */
export function createStyleStrip(
  settings: Store<Settings>,
  palette: Palette,
  onFiles: (files: File[]) => void,
): StyleStrip {
  const element = make("div", { className: "strip", role: "group" as never, aria: { label: "Style" } });
  const show = (): void => {
    const chosen = new Set(settings.get().mix.map(({ key }) => key));
    const styles = [...palette.styles.values()].sort((a, b) => Number(chosen.has(b.key)) - Number(chosen.has(a.key)));
    if (element.childElementCount !== styles.length + 1) element.replaceChildren(own(onFiles), ...styles.map(tile));
    for (const button of element.querySelectorAll<HTMLElement>("button.style"))
      button.setAttribute("aria-pressed", String(chosen.has(button.dataset.key ?? "")));
  };
  const tile = ({ key, title, preview, painting }: PaletteStyle): HTMLElement => {
    const picture = preview ? make("img", { src: preview, alt: "" }) : make("span", { className: "swatch" });
    const name = make("span", { className: "name", textContent: breakable(title) });
    const button = make("button", { type: "button", className: "style", data: { key } });
    button.append(styleFace(picture, painting), name);
    button.addEventListener("click", () => settings.set({ mix: only(key) }));
    return button;
  };
  show();
  return { element, leave: settings.on(show) };
}

function own(onFiles: (files: File[]) => void): HTMLElement {
  const input = make("input", { type: "file", accept: "image/*,.style", className: "unseen" });
  input.addEventListener("change", () => {
    const files = [...(input.files ?? [])];
    input.value = "";
    if (files.length) onFiles(files);
  });
  const face = make("span", { className: "own-face" }, icon("plus"));
  return make(
    "label",
    { className: "own" },
    face,
    make("span", { className: "name", textContent: "Any picture" }),
    input,
  );
}
