// How it is painted: brush, strength, stability, colours, size; and the words that depend on clip or picture.
import { byId, make } from "../ui/dom";
import { chosenSources, type State, type Studio } from "./state";
import type { StudioConfig } from "./types";

const NAMES: Record<string, string> = { broad: "Broad", medium: "Medium", fine: "Fine", full: "Finest" };

export function bindOptions(studio: Studio, config: StudioConfig): void {
  bindBrushes(studio, config);
  bindSlider("strength", studio, "strength");
  bindSlider("stability", studio, "stability");
  const keep = byId<HTMLInputElement>("keep");
  const size = byId<HTMLSelectElement>("size");
  keep.addEventListener("change", () => studio.set({ keepColors: keep.checked, shown: null }));
  size.addEventListener("change", () => {
    const state = studio.get();
    studio.set({ sizes: { ...state.sizes, [state.kind]: Number(size.value) }, shown: null });
  });
  const fillSizes = (state: State): void => {
    const clip = state.kind === "clip";
    const own = `The source’s own, up to ${clip ? config.clip_size : config.picture_size} pixels`;
    const sizes = clip ? config.clip_sizes : config.picture_sizes;
    size.replaceChildren(new Option(own, "0"), ...sizes.map((side) => new Option(`${side} pixels`, String(side))));
    size.value = String(state.sizes[state.kind]);
    byId("steady-row").hidden = !(clip && config.steady);
  };
  studio.on((now, before) => {
    if (now.kind !== before.kind) fillSizes(now);
    keep.checked = now.keepColors;
    size.value = String(now.sizes[now.kind]);
  });
  fillSizes(studio.get());
}

function bindBrushes(studio: Studio, config: StudioConfig): void {
  const box = byId("brushes");
  const choices = [...Object.entries(config.brushes), ["full", 0] as const];
  box.replaceChildren(
    ...choices.map(([name, side]) => {
      const input = make("input", { type: "radio", name: "brush", value: String(side), className: "unseen" });
      input.checked = side === studio.get().brush;
      studio.on((now) => {
        input.checked = side === now.brush;
      });
      input.addEventListener("change", () => studio.set({ brush: side, shown: null }));
      return make("label", { className: "brush" }, input, make("span", { textContent: NAMES[name] ?? name }));
    }),
  );
}

function bindSlider(id: string, studio: Studio, field: "strength" | "stability"): void {
  const input = byId<HTMLInputElement>(id);
  const show = (state: State): void => {
    const percent = Math.round(100 * state[field]);
    if (input.valueAsNumber !== percent) input.value = String(percent);
    input.style.setProperty("--fill", `${percent}%`);
    byId(`${id}-words`).textContent = `${percent} %`;
  };
  // How steady a clip is does not show in one frame: the preview stays.
  input.addEventListener("input", () => studio.set({ [field]: input.valueAsNumber / 100 }));
  studio.on((now, before) => now[field] !== before[field] && show(now));
  show(studio.get());
}

/** The words and buttons that depend on what is painted. */
export function bindWords(studio: Studio, config: StudioConfig): void {
  const paint = byId<HTMLButtonElement>("paint");
  const anywhere = matchMedia("(pointer: coarse)").matches ? "" : ", or drop one anywhere"; // nobody drops with a finger
  const show = (state: State): void => {
    const clip = state.kind === "clip";
    const count = chosenSources(state).length;
    byId("source-title").textContent = clip ? "Clip" : "Pictures";
    byId("choose-words").textContent = clip ? "Choose a clip" : count ? "Add pictures" : "Choose pictures";
    byId("take-words").textContent = clip ? "Record one" : "Take one";
    byId("drop").textContent = clip
      ? "Drop a clip to paint it, or a picture or a .style file to paint in its manner."
      : "Drop pictures to paint them, or a .style file to paint in its manner.";
    byId("choose-label").className = `${count ? "secondary" : "primary"} choose`; // what comes next stands out
    byId("limits").textContent = clip ? config.clip_limits : config.picture_limits;
    const [choose, take] = [byId<HTMLInputElement>("choose"), byId<HTMLInputElement>("take")];
    choose.accept = clip ? "video/*,.mkv,.mov,.mp4,.webm,.avi,.gif" : "image/*,.heic,.heif";
    choose.multiple = !clip;
    take.accept = clip ? "video/*" : "image/*";
    byId("example").hidden = !clip || !config.example || count > 0;
    const full = clip && count > 0; // the cross of the one that is there makes room
    const left = byId("ways").contains(document.activeElement);
    byId("ways").hidden = full;
    byId("limits").hidden = full;
    document.body.classList.toggle("has-source", count > 0);
    paint.disabled = count === 0;
    if (full && left) paint.focus({ preventScroll: true });
    paint.textContent = clip ? "Paint the clip" : count > 1 ? `Paint ${count} pictures` : "Paint the picture";
    byId("paint-hint").textContent = count
      ? ""
      : clip
        ? `Choose a clip first${anywhere}.`
        : `Choose a picture first${anywhere}.`;
  };
  studio.on(show);
  show(studio.get());
}
