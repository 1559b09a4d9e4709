// What the page shows below the styles of studying one of them: words, a bar, buttons.
import type { StudyProgress } from "../../engine/study/messages";
import { byId } from "../dom";
import { megabytes, slowStudySentence, studyText } from "../status/sentences";

const LEARNING = "Painting goes on, and every few seconds with what was learnt so far.";

/** How far a study is. */
export interface UnderWay {
  title: string;
  /** What it is doing, before its first step. */
  words: string;
  files: Map<string, { loaded: number; total: number }>;
  progress: StudyProgress | null;
  /** The person has enough. */
  ending: boolean;
}

type Button = "begin" | "enough" | "save";
export const button = (name: Button): HTMLButtonElement => byId<HTMLButtonElement>(`study-${name}`);

/** What is said of a study, and what can be done. */
interface Shown {
  words?: string;
  hint?: string;
  /** 0…1, or null while it is not known; without it there is no bar. */
  share?: number | null;
  buttons: Button[];
  /** There is something to keep: until then a study is cancelled. */
  learnt?: boolean;
}

/** Null hides it. */
export function show(shown: Shown | null): void {
  byId("study").hidden = shown === null;
  if (!shown) return;
  byId("study-words").textContent = shown.words ?? "";
  byId("study-hint").textContent = shown.hint ?? "";
  button("enough").textContent = shown.learnt ? "Enough" : "Cancel";
  for (const name of ["begin", "enough", "save"] as const) button(name).hidden = !shown.buttons.includes(name);
  const bar = byId<HTMLProgressElement>("study-bar");
  bar.hidden = shown.share === undefined;
  if (shown.share === null) bar.removeAttribute("value");
  else if (shown.share !== undefined) bar.value = shown.share;
}

/** Of a study under way. */
export function whatIsShown({ title, words, files, progress, ending }: UnderWay): Shown {
  if (ending) return { words: "Keeping what was learnt…", share: null, buttons: [] };
  const buttons: Button[] = ["enough"];
  if (progress) {
    const slow = progress.place === "wasm" && progress.steps > 1;
    const hint = slow ? slowStudySentence(progress.secondsInAll) : LEARNING;
    return { words: studyText(title, progress), share: progress.share, hint, buttons, learnt: true };
  }
  const all = [...files.values()];
  const sum = (name: "loaded" | "total") => all.reduce((total, file) => total + file[name], 0);
  const [loaded, total] = [sum("loaded"), sum("total")];
  const fetching = all.some((file) => file.loaded < file.total);
  const text = `Fetching what it takes to study, once: ${megabytes(loaded)} of ${megabytes(total)}`;
  return { words: fetching ? text : words, share: fetching ? loaded / total : null, buttons };
}
