// The before/after divider: dragged on the picture, or moved with the arrow keys.
import { byId } from "../dom";
import type { Look, Store } from "../settings/settings";

const STEP = 0.02;
const clamp = (x: number): number => Math.min(1, Math.max(0, x));

/** Where the divider opens: the middle. */
export const MIDDLE = 0.5;

export function bindDivider(look: Store<Look>): void {
  const frame = byId("frame");
  const divider = byId("divider");
  const button = byId<HTMLButtonElement>("compare");

  const show = ({ split }: Look): void => {
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
    look.set({ split: clamp((clientX - box.left) / box.width) });
  };

  button.addEventListener("click", () => look.set({ split: look.get().split === null ? MIDDLE : null }));
  frame.addEventListener("pointerdown", (event) => {
    if (look.get().split === null || event.button !== 0) return;
    frame.setPointerCapture(event.pointerId);
    moveTo(event.clientX);
  });
  frame.addEventListener("pointermove", (event) => {
    if (frame.hasPointerCapture(event.pointerId)) moveTo(event.clientX);
  });
  divider.addEventListener("keydown", (event) => {
    const at = look.get().split ?? MIDDLE;
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
    look.set({ split: clamp(Math.round(to * 1000) / 1000) });
  });
  look.on(show);
  show(look.get());
}
