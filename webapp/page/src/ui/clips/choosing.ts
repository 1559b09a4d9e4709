// How a clip is painted: its style, size and brush chosen before a painted frame of it.
import { BRUSH, brushSize } from "../../clips/brush";
import type { Inspected } from "../../clips/inspect";
import { clipSize } from "../../clips/size";
import { button, buttons, make } from "../dom";
import { BRUSHES } from "../settings/controls";
import { engineTrouble } from "../status/sentences";
import type { OpenedClip } from "./opened-clip";
import { type ClipSizes, createPreview } from "./preview";
import { refuse, serverLink } from "./refusal";
import { nameLine } from "./steps";
import { createStyleStrip } from "./style-strip";

const SIZES: readonly (readonly [number, string])[] = [
  [288, "288 px"],
  [480, "480 px"],
  [720, "720 px"],
  [1080, "1080 px"],
];

/**
 * Shows the choices. `prepared` resolves once the engine can paint. `paint` is called when the person wants the clip
 * painted; `ready` then resolves once the painter is free and the style whole, with a sentence on what is missing of it.
 */
export function choose(
  opened: OpenedClip,
  clip: Inspected,
  prepared: Promise<void>,
  paint: (sizes: ClipSizes, ready: Promise<string | null>) => void,
): void {
  const { engine, config, settings, palette, steps, file } = opened;
  const size = picker("clip-size", SIZES, 480);
  const brush = picker("clip-brush", BRUSHES, settings.get().side ?? BRUSH);
  const sizes = (): ClipSizes => {
    const shown = clipSize(clip.size, Number(size.value), engine.model.rules.clip_multiple);
    return { shown, painted: brushSize(shown, Number(brush.value), engine) };
  };
  const preview = createPreview(clip, engine, sizes);
  const repaint = (): void =>
    void prepared
      .then(() => preview.paint())
      .catch((error) => steps.dialog.contains(preview.element) && refuse(opened, engineTrouble(error)));
  const strip = createStyleStrip(settings, palette, opened.onStyles);
  const ready = () => Promise.all([prepared.then(opened.whole), preview.stop()]).then(([missing]) => missing);
  const begin = button("Paint", () => paint(sizes(), ready()), "primary");
  const live = button("Play it live", () => {
    steps.dialog.close();
    opened.playLive(file);
  });
  const cancel = button("Cancel", () => steps.dialog.close());
  steps.fill(
    "Paint a clip",
    nameLine(file),
    preview.element,
    strip.element,
    make("div", { className: "pair" }, labelled("Short side, at most", size), labelled("Brush size", brush)),
    buttons(begin, live, cancel),
    ...serverLink(config, file),
  );
  for (const end of [strip.leave, clip.close]) steps.onLeave(end);
  steps.onLeave(engine.on((event) => event.kind === "stale" && repaint())); // another style
  for (const select of [size, brush]) select.addEventListener("change", repaint);
  begin.focus();
  repaint();
}

/** A list to choose from, the choice nearest to `chosen` chosen. */
function picker(id: string, choices: readonly (readonly [number, string])[], chosen: number): HTMLSelectElement {
  const select = make("select", { id });
  select.append(...choices.map(([side, textContent]) => make("option", { value: String(side), textContent })));
  const nearest = choices.reduce((a, b) => (Math.abs(b[0] - chosen) < Math.abs(a[0] - chosen) ? b : a));
  select.value = String(nearest[0]);
  return select;
}

const labelled = (words: string, select: HTMLSelectElement): HTMLElement =>
  make("label", { className: "pick" }, make("span", { textContent: words }), select);
