// What a style looks like: its preview, and in its corner the painting itself.
import { make } from "../dom";

/** `preview`: an image or a swatch; `painting`: an address, or null where there is none. */
export function styleFace(preview: HTMLElement, painting: string | null): HTMLElement {
  const face = make("span", { className: "face" }, preview);
  if (painting) {
    const small = make("img", { alt: "", loading: "lazy", decoding: "async", draggable: false, className: "painting" });
    small.src = painting;
    face.append(small);
  }
  return face;
}
