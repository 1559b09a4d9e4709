// A question in a dialog; Escape is a no.
import { byId } from "./dom";

export interface Question {
  title: string;
  words: string;
  yes: string;
  no: string;
}

/** Resolves with whether the person said yes. */
export function ask({ title, words, yes, no }: Question): Promise<boolean> {
  const dialog = byId<HTMLDialogElement>("ask");
  byId("ask-title").textContent = title;
  byId("ask-words").textContent = words;
  byId("ask-yes").textContent = yes;
  byId("ask-no").textContent = no;
  return new Promise((resolve) => {
    dialog.returnValue = "";
    byId("ask-yes").onclick = () => dialog.close("yes");
    byId("ask-no").onclick = () => dialog.close();
    dialog.onclose = () => resolve(dialog.returnValue === "yes");
    dialog.showModal();
    byId("ask-no").focus();
  });
}
