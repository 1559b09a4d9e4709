// The before/after divider: dragged on the picture, or moved with the arrow keys.
import { byId } from "../dom";
import type { Settings, Store } from "../settings/settings";

const STEP = 0.02;
const clamp = (x: number): number => Math.min(1, Math.max(0, x));

/** Where the divider opens: the middle. */
const MIDDLE = 0.5;

export function bindDivider(settings: Store<Settings>): void {
  const frame = byId("frame");
  const divider = byId("divider");
  const button = byId<HTMLButtonElement>("compare");

  const show = ({ split }: Settings): void => {
    divider.hidden = split === null;
    button.setAttribute("aria-pressed", String(split !== null));
    if (split === null) return;
    const percent = Math.round(100 * split);
    divider.style.setProperty("--at", `${100 * split}%`);
    divider.setAttribute("aria-valuenow", String(percent));
    divider.setAttribute("aria-valuetext", `${percent} % of the width unpainted`);
  };
  const moveTo = (clientX: number): void => {
    const box = frame.getBoundingClientRect();
    settings.set({ split: clamp((clientX - box.left) / box.width) });
  };

  button.addEventListener("click", () => settings.set({ split: settings.get().split === null ? MIDDLE : null }));
  frame.addEventListener("pointerdown", (event) => {
    if (settings.get().split === null || event.button !== 0) return;
    frame.setPointerCapture(event.pointerId);
    moveTo(event.clientX);
  });
  frame.addEventListener("pointermove", (event) => {
    if (frame.hasPointerCapture(event.pointerId)) moveTo(event.clientX);
  });
  divider.addEventListener("keydown", (event) => {
    const at = settings.get().split ?? MIDDLE;
    const moves: Record<string, number> = {
      ArrowLeft: at - STEP,
      ArrowDown: at - STEP,
      ArrowRight: at + STEP,
      ArrowUp: at + STEP,
      PageDown: at - 5 * STEP,
      PageUp: at + 5 * STEP,
      Home: 0,
      End: 1,
    };
    const to = moves[event.key];
    if (to === undefined) return;
    event.preventDefault();
    settings.set({ split: clamp(Math.round(to * 1000) / 1000) });
  });
  settings.on(show);
  show(settings.get());
}
