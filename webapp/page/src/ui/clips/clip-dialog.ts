// A clip: refused at once or, with a painted frame of it before one's eyes, its style, brush and size chosen; then its
// painting with progress, and the result to watch and to keep.
import { clipsSupported } from "../../clips/clip";
import { NoClipError } from "../../clips/options";
import { byId } from "../dom";
import { engineTrouble } from "../status/sentences";
import { choose } from "./choosing";
import type { ClipDialogOptions, OpenedClip } from "./opened-clip";
import { paint } from "./progress";
import { refuse } from "./refusal";
import { createSteps, hint, nameLine } from "./steps";

export interface ClipDialog {
  open(file: File): Promise<void>;
}

export function createClipDialog(options: ClipDialogOptions): ClipDialog {
  const steps = createSteps(byId<HTMLDialogElement>("clip"), options.resume);
  return {
    async open(file) {
      if (!(await steps.mayClose())) return;
      const signal = steps.begin();
      const shown = () => !signal.aborted && steps.dialog.open;
      const opened: OpenedClip = { ...options, steps, file, signal, shown };
      steps.fill("Paint a clip", nameLine(file), hint("Reading the clip…"));
      if (!steps.dialog.open) steps.dialog.showModal();
      await read(opened);
    },
  };
}

async function read(opened: OpenedClip): Promise<void> {
  const refusal = clipsSupported();
  if (refusal) return refuse(opened, refusal);
  try {
    const { inspect } = await import("../../clips/inspect");
    const clip = await inspect(opened.file, opened.engine.model.rules);
    if (!opened.shown()) return clip.close();
    const prepared = opened.prepare();
    prepared.catch(() => {}); // told where it is waited for
    choose(opened, clip, prepared, (sizes, ready) => void paint(opened, sizes, ready));
  } catch (error) {
    if (opened.shown()) refuse(opened, engineTrouble(error), !(error instanceof NoClipError));
  }
}
