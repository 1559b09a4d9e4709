// What the page for files says where something did not work, and what of that is past.
import { byId, make } from "../ui/dom";
import { icon } from "../ui/icons";
import { Lost, Refusal } from "./server";

let lost = false;

/** One sentence that stays until it is closed; the same one only once. */
export function say(sentence: string): void {
  if (lost && sentence === new Lost().message) return; // that is said already
  const box = byId("messages");
  const text = `That did not work. ${sentence}`;
  if ([...box.children].some((each) => each.querySelector("p")?.textContent === text)) return;
  const close = make("button", { type: "button", className: "close", aria: { label: "Close" } }, icon("close"));
  const message = make("div", { className: "message" }, make("p", { textContent: text }), close);
  close.addEventListener("click", () => message.remove());
  box.replaceChildren(message);
}

/** Names of what was chosen once and is to be chosen again. */
export function sayGone(names: string[]): void {
  if (names.length)
    say(`${names.join(", ")}: no longer on the server; please choose ${names.length > 1 ? "them" : "it"} again.`);
}

/** While the server is not there this stands in the place of all that failed for want of it. */
export function sayLost(now: boolean): void {
  lost = now;
  hush();
  if (!lost) return;
  const words = "The connection to the server is lost. This page goes on as soon as it is back.";
  byId("messages").append(make("div", { className: "message" }, make("p", { textContent: words })));
}

/** What was tried before and failed is past, once something else is tried. */
export function hush(): void {
  for (const message of document.querySelectorAll("#messages > *, #source .message")) message.remove();
}

/** An error as a sentence for the person; what is no refusal is a bug, and is logged. */
export function told(error: unknown): string {
  if (error instanceof Refusal) return error.message;
  console.error(error);
  return "Something went wrong on this page; please reload it.";
}
