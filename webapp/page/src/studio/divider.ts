// The divider between before and after on the stage.
import { byId } from "../ui/dom";

const STEP = 0.02; // of the width, by an arrow key

/** Dragged on the picture, or moved with the arrow keys. */
export function bindDivider(frame: HTMLElement): void {
  const divider = byId("divider");
  let at = 0.5;
  const set = (share: number): void => {
    at = Math.min(1, Math.max(0, share));
    frame.style.setProperty("--at", `${100 * at}%`);
    divider.setAttribute("aria-valuenow", String(Math.round(100 * at)));
    divider.setAttribute("aria-valuetext", `${Math.round(100 * at)} % of the width unpainted`);
  };
  const moveTo = (x: number): void => {
    const box = frame.getBoundingClientRect();
    set((x - box.left) / box.width);
  };
  frame.addEventListener("pointerdown", (event) => {
    if (divider.hidden || event.button !== 0) return;
    frame.setPointerCapture(event.pointerId);
    moveTo(event.clientX);
  });
  frame.addEventListener("pointermove", (event) => frame.hasPointerCapture(event.pointerId) && moveTo(event.clientX));
  divider.addEventListener("keydown", (event) => {
    const moves: Record<string, number> = { ArrowLeft: at - STEP, ArrowRight: at + STEP, Home: 0, End: 1 };
    if (!(event.key in moves)) return;
    event.preventDefault();
    set(moves[event.key]);
  });
  set(at);
}
