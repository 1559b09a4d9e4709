// What lies on the stage: the source and what was painted of it, one over the other; or the painting by itself.
import { byId, make } from "../ui/dom";

export type Layer = HTMLImageElement | HTMLVideoElement;

export interface Layers {
  /** Width / height of what lies there; 0 before anything did. */
  readonly ratio: number;
  /** Lays two pictures or clips down, or one; gives the clips among them, the painted one last. */
  lay(before: Layer | null, after: Layer, ratio: number): HTMLVideoElement[];
  setRatio(ratio: number): void;
  /** Takes the source away, where it turns out that it cannot be shown. */
  uncover(): void;
}

export function createLayers(frame: HTMLElement): Layers {
  const sides = { before: byId("before"), after: byId("after") };
  const setRatio = (ratio: number): void => frame.style.setProperty("--ratio", String(ratio));
  const setBefore = (before: Layer | null): void => {
    sides.before.replaceChildren(...(before ? [before] : []));
    byId("divider").hidden = !before;
    frame.classList.toggle("single", !before);
  };
  return {
    get ratio() {
      return Number(frame.style.getPropertyValue("--ratio"));
    },
    lay(before, after, ratio) {
      setRatio(ratio);
      // What was painted last stays below until the new one is there: nothing flashes.
      const under = byId("under");
      if (sides.after.firstChild) under.replaceChildren(...sides.after.children);
      for (const event of ["load", "loadeddata"])
        after.addEventListener(event, () => after.isConnected && under.replaceChildren(), { once: true });
      setBefore(before);
      sides.after.replaceChildren(after);
      return [before, after].filter((each): each is HTMLVideoElement => each instanceof HTMLVideoElement);
    },
    setRatio,
    uncover: () => setBefore(null),
  };
}

export function picture(src: string): HTMLImageElement {
  return make("img", { src, alt: "", draggable: false, decoding: "sync" });
}

/** A clip for one of the layers; the painting of a part begins `start` seconds into its source. */
export function video(src: string, side: "before" | "after", start: number): HTMLVideoElement {
  const clip = make("video", { src, playsInline: true, preload: "auto", muted: side === "before" });
  clip.dataset.start = String(start);
  clip.tabIndex = -1;
  clip.setAttribute("aria-label", side === "before" ? "The clip as it was" : "The painted clip");
  return clip;
}
