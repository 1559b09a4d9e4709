// The steps of a dialog, one after the other: each ends what the one before held, and closing asks where something would be lost.
import { ask, type Question } from "../ask";
import { make } from "../dom";
import { wouldBeLost } from "../status/leaving";

/** What closing the dialog can lose, and what is asked before. */
const LOSING = {
  painting: {
    title: "Stop painting this clip?",
    words: "What has been painted of it is lost.",
    yes: "Stop",
    no: "Go on painting",
  },
  result: {
    title: "Close without downloading it?",
    words: "The painted clip is nowhere else.",
    yes: "Close",
    no: "Keep it open",
  },
} satisfies Record<string, Question>;

export interface Steps {
  readonly dialog: HTMLDialogElement;
  /** Another clip takes the place of the one before; the signal is aborted when it goes, or the dialog closes. */
  begin(): AbortSignal;
  /** Shows a step in place of the one before, which is left. */
  fill(title: string, ...children: Node[]): void;
  /** Calls back when the step that is shown is left. */
  onLeave(end: () => void): void;
  /** Says what closing the dialog would lose now; null for nothing. */
  atRisk(what: keyof typeof LOSING | null): void;
  /** Whether nothing would be lost, or the person says that it may be. */
  mayClose(): Promise<boolean>;
  /** Closes, where that may be. */
  close(): Promise<void>;
}

export function createSteps(dialog: HTMLDialogElement, onClose: () => void): Steps {
  let work: AbortController | null = null;
  let risk: keyof typeof LOSING | null = null;
  const leaving: (() => void)[] = [];

  const leave = (): void => {
    for (const end of leaving.splice(0)) end();
  };
  const atRisk: Steps["atRisk"] = (what) => {
    risk = what;
    wouldBeLost("clip", what !== null);
  };
  const stop = (): void => {
    work?.abort();
    atRisk(null);
    leave();
  };
  const mayClose = async (): Promise<boolean> => risk === null || ask(LOSING[risk]);
  const close = async (): Promise<void> => {
    if (await mayClose()) dialog.close();
  };

  dialog.addEventListener("close", () => {
    if (dialog.open) return; // told late: another clip is in it by now
    stop();
    dialog.replaceChildren();
    onClose();
  });
  // Escape, and a phone's gesture back.
  const askFirst = (event: Event): void => {
    if (risk === null) return;
    event.preventDefault();
    void close();
  };
  dialog.addEventListener("keydown", (event) => event.key === "Escape" && askFirst(event));
  dialog.addEventListener("cancel", askFirst);

  return {
    dialog,
    begin() {
      stop(); // closing the dialog would tell so only later
      work = new AbortController();
      return work.signal;
    },
    fill(title, ...children) {
      leave();
      dialog.replaceChildren(make("h2", { id: "clip-title", textContent: title }), ...children);
    },
    onLeave: (end) => void leaving.push(end),
    atRisk,
    mayClose,
    close,
  };
}

/** The line that says which clip it is. */
export const nameLine = (file: File): HTMLElement => make("p", { className: "file", textContent: file.name });

/** A line in small print. */
export const hint = (...children: (Node | string)[]): HTMLElement => make("p", { className: "hint" }, ...children);
