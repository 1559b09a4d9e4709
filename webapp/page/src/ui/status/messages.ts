// What the page tells the person: trouble stays until it is dismissed or solved, notes pass by.
import { byId, make } from "../dom";
import { icon } from "../icons";
import type { Problem } from "./sentences";

export interface Messages {
  /** Shows a sentence in the message area; the same `topic` replaces what it said before. */
  trouble(topic: string, trouble: Problem | string, action?: { label: string; run(): void }): void;
  clear(topic: string): void;
  /** A passing remark, seen and read aloud. */
  note(sentence: string): void;
  /** Read aloud only. */
  announce(sentence: string): void;
}

/** A note stays for so long, and longer for each letter: milliseconds. */
const [NOTE_MS, LETTER_MS] = [3000, 60];

export function createMessages(): Messages {
  const area = byId("messages");
  const announcer = byId("announce");
  const noteBox = byId("note");
  let hiding = 0;

  const clear = (topic: string): void => area.querySelector(`[data-topic="${topic}"]`)?.remove();
  return {
    clear,
    trouble(topic, trouble, action) {
      const { sentence, openAlone } = typeof trouble === "string" ? { sentence: trouble, openAlone: false } : trouble;
      const box = make("div", { className: "message", data: { topic } }, make("p", { textContent: sentence }));
      if (openAlone) {
        const link = make("a", {
          href: location.href,
          target: "_blank",
          rel: "noopener",
          textContent: "Open in a new tab",
        });
        box.append(link);
      }
      if (action) {
        const button = make("button", { type: "button", className: "secondary", textContent: action.label });
        button.addEventListener("click", () => {
          box.remove();
          action.run();
        });
        box.append(button);
      }
      const close = make(
        "button",
        { type: "button", className: "close", aria: { label: "Dismiss this message" } },
        icon("close"),
      );
      close.addEventListener("click", () => box.remove());
      box.append(close);
      clear(topic);
      area.append(box);
    },
    note(sentence) {
      announcer.textContent = sentence;
      noteBox.textContent = sentence;
      noteBox.hidden = false;
      clearTimeout(hiding);
      hiding = window.setTimeout(() => (noteBox.hidden = true), NOTE_MS + LETTER_MS * sentence.length);
    },
    announce(sentence) {
      announcer.textContent = sentence;
    },
  };
}
