// How the painting is shown: the settings as the engine takes them.
import type { Engine, Size } from "../../types";
import { byId } from "../dom";
import type { Settings, Store } from "../settings/settings";

export interface ShownView {
  /** Tells the engine and the page the present settings. */
  apply(): void;
  /** Tells the engine the present stability alone. */
  holdSteady(): void;
}

export interface ViewOptions {
  engine: Engine;
  settings: Store<Settings>;
  video: HTMLVideoElement;
  mirrored(): boolean;
  /** What the person's stability is multiplied by at the present pace, 0…1. */
  kept(): number;
}

/** Follows the settings and the size of the paintings by itself. */
export function createView({ engine, settings, video, mirrored, kept }: ViewOptions): ShownView {
  /** The stability that the painter was told last. */
  let held: number | null = null;
  /** The size of the last painting. */
  let painted: Size | null = null;

  /** A share of the frame's width as one of the canvas's, which fills the frame and may reach beyond it. */
  const onCanvas = (share: number): number => {
    if (!painted || !video.videoHeight) return share;
    const visible = Math.min(1, (video.videoWidth * painted.height) / (video.videoHeight * painted.width));
    return 0.5 + (share - 0.5) * visible;
  };
  const holdSteady = (): void => {
    const next = settings.get().stability * kept();
    if (next === held) return;
    held = next;
    engine.setStability(next);
  };
  const apply = (): void => {
    const { strength, keepColors, split, who } = settings.get();
    video.classList.toggle("mirrored", mirrored());
    byId("mirror").setAttribute("aria-pressed", String(mirrored()));
    engine.setView({ strength, keepColors, split: split && onCanvas(split), mirror: mirrored(), who });
    holdSteady();
    if (engine.backend) engine.refresh();
  };

  engine.on((event) => {
    if (event.kind !== "painted") return;
    holdSteady();
    if (painted?.width === event.size.width && painted.height === event.size.height) return;
    painted = event.size;
    if (settings.get().split !== null) apply();
  });
  return { apply, holdSteady };
}

/** Gives the frame the shape of what the video shows. */
export function bindShape(video: HTMLVideoElement): void {
  const shape = (): void => {
    if (video.videoWidth) byId("frame").style.setProperty("--ratio", `${video.videoWidth} / ${video.videoHeight}`);
  };
  video.addEventListener("loadedmetadata", shape);
  video.addEventListener("resize", shape);
}
