// A part of the painting at its true size, one pixel for one, beside the whole.
import { byId } from "../ui/dom";

export interface Closeup {
  show(picture: string, width: number, height: number): void;
  hide(): void;
}

const STEP = 40; // pixels, by an arrow key
const TRUE_SIZE = "At its true size";

export function bindCloseup(): Closeup {
  const figure = byId("closeup");
  const view = byId("window");
  let size = { width: 0, height: 0 };
  let at = { x: 0.5, y: 0.45 }; // of the picture, in the middle of the window

  const place = (): void => {
    const [width, height] = [view.clientWidth, view.clientHeight];
    const limit = (share: number, whole: number, part: number): number =>
      Math.min(0, Math.max(part - whole, part / 2 - share * whole));
    const left = size.width < width ? (width - size.width) / 2 : limit(at.x, size.width, width);
    const top = size.height < height ? (height - size.height) / 2 : limit(at.y, size.height, height);
    view.style.backgroundPosition = `${Math.round(left)}px ${Math.round(top)}px`;
    const whole = size.width <= width && size.height <= height;
    view.classList.toggle("whole", whole);
    byId("window-words").textContent = whole ? TRUE_SIZE : `${TRUE_SIZE}; drag to look around`;
  };
  const move = (dx: number, dy: number): void => {
    const within = (share: number): number => Math.min(1, Math.max(0, share));
    at = { x: within(at.x - dx / size.width), y: within(at.y - dy / size.height) };
    place();
  };
  view.addEventListener("pointerdown", (event) => view.setPointerCapture(event.pointerId));
  view.addEventListener("pointermove", (event) => {
    if (view.hasPointerCapture(event.pointerId)) move(event.movementX, event.movementY);
  });
  view.addEventListener("keydown", (event) => {
    const steps: Record<string, [number, number]> = {
      ArrowLeft: [STEP, 0],
      ArrowRight: [-STEP, 0],
      ArrowUp: [0, STEP],
      ArrowDown: [0, -STEP],
    };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    move(...step);
  });
  new ResizeObserver(place).observe(view);

  return {
    show(picture, width, height) {
      size = { width, height };
      figure.hidden = false;
      view.style.maxHeight = `${height}px`;
      view.style.backgroundImage = `url("${picture}")`;
      view.style.backgroundSize = `${width}px ${height}px`;
      place();
    },
    hide() {
      figure.hidden = true;
    },
  };
}
