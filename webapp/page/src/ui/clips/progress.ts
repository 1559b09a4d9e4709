// A clip while it is painted, and what came of it.
import { brushed } from "../../clips/brush";
import { paintClip } from "../../clips/clip";
import { button, buttons, make, paintedName } from "../dom";
import { engineTrouble, progressText } from "../status/sentences";
import { titlesOf } from "../styles/palette";
import type { OpenedClip } from "./opened-clip";
import type { ClipSizes } from "./preview";
import { refuse } from "./refusal";
import { hint, nameLine, type Steps } from "./steps";

/** Paints the clip and shows what came of it. `ready`: see `choose`. */
export async function paint(
  opened: OpenedClip,
  { painted, shown }: ClipSizes,
  ready: Promise<string | null>,
): Promise<void> {
  const { engine, settings, palette, steps, file, signal } = opened;
  const { bar, line, remark } = showProgress(opened);
  try {
    remark.textContent = await ready;
    const name = paintedName(file.name, titlesOf(settings.get(), palette.styles));
    signal.throwIfAborted();
    const made = await paintClip(file, brushed(engine, painted, shown), {
      side: Math.min(shown.width, shown.height),
      signal,
      onProgress: (progress) => {
        bar.value = progress.share;
        line.textContent = progressText(progress);
      },
      onNote(sentence) {
        remark.textContent = sentence;
      },
    });
    if (opened.shown()) showResult(steps, name, made, remark.textContent ?? "");
  } catch (error) {
    if (opened.shown()) refuse(opened, engineTrouble(error));
  }
}

function showProgress({ steps, file, activity }: OpenedClip) {
  const bar = make("progress", { max: 1, value: 0, aria: { label: "Painted so far" } });
  const line = hint(activity.sign?.text ?? "Preparing the painter…");
  const remark = hint();
  const cancel = button("Cancel", () => void steps.close());
  steps.atRisk("painting");
  steps.fill("Painting", nameLine(file), bar, line, remark, buttons(cancel));
  cancel.focus();
  // Until the first frame is painted, what it waits for: downloads, the painter, a place at the server.
  steps.onLeave(
    activity.on((sign) => {
      if (sign && bar.value === 0) line.textContent = sign.text;
    }),
  );
  return { bar, line, remark };
}

function showResult(steps: Steps, name: string, painted: Blob, remark: string): void {
  const address = URL.createObjectURL(painted);
  const video = make("video", {
    src: `${address}#t=0.001`, // phones show no frame before the first press otherwise
    controls: true,
    loop: true,
    playsInline: true,
    aria: { label: "The painted clip" },
  });
  const link = make("a", { href: address, download: name, className: "primary", textContent: "Download" });
  link.addEventListener("click", () => steps.atRisk(null));
  const close = button("Close", () => void steps.close());
  steps.atRisk("result");
  steps.fill("Your painting", video, hint(remark), buttons(link, close));
  steps.onLeave(() => URL.revokeObjectURL(address));
  link.focus();
}
