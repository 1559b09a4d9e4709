// The few things needed to work with the document.

/** The element with this id; the page is broken without it. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no element “${id}”.`);
  return found as T;
}

type Props<T> = Partial<Omit<T, "style" | "dataset">> & {
  data?: Record<string, string>;
  aria?: Record<string, string>;
};

/** A new element with properties, data-… and aria-… attributes, and children. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  { data = {}, aria = {}, ...props }: Props<HTMLElementTagNameMap[K]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(tag), props);
  Object.assign(element.dataset, data);
  for (const [name, value] of Object.entries(aria)) element.setAttribute(`aria-${name}`, value);
  element.append(...children);
  return element;
}

/** A button that says what it does; `kind` is its class: "primary" is the one to press. */
export function button(text: string, run: () => void, kind: "primary" | "secondary" = "secondary"): HTMLButtonElement {
  const element = make("button", { type: "button", className: kind, textContent: text });
  element.addEventListener("click", run);
  return element;
}

/** Buttons in a row, as at the foot of a dialog. */
export const buttons = (...children: Node[]): HTMLElement => make("div", { className: "buttons" }, ...children);

/** A file's name, and words after it: where there is no room the end of the name goes, not the words. */
export function named(name: string, words: string): HTMLSpanElement[] {
  return [
    make("span", { className: "file-name", textContent: name, title: name }),
    make("span", { textContent: words }),
  ];
}

/** A name that may go on in another line after an underscore: names of files have no spaces there. */
export const breakable = (name: string): string => name.replace(/_/g, "_\u200b");

/** Lets people use the controls of the document, which until now nothing listened to. */
export function enableControls(): void {
  for (const control of document.querySelectorAll<HTMLButtonElement | HTMLInputElement | HTMLSelectElement>(
    ":disabled",
  )) {
    control.disabled = false;
  }
}

/** Offers a file for saving. */
export function save(blob: Blob, name: string): void {
  const link = make("a", { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** "impasto 2026-05-04 at 12.30.05" and an ending: a name that sorts and that every system takes. */
export function fileName(ending: string, now = new Date()): string {
  const two = (n: number): string => String(n).padStart(2, "0");
  const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  return `impasto ${day} at ${two(now.getHours())}.${two(now.getMinutes())}.${two(now.getSeconds())}.${ending}`;
}

/** "holiday, The Great Wave.mp4": named after the source and the styles, as `painted_name` in webapp/studio/names.py. */
export function paintedName(source: string, titles: string[]): string {
  const plain = (text: string): string =>
    text
      .replace(/[\p{Cc}\\/:*?"<>|]+/gu, " ")
      .replace(/\s+/g, " ")
      .trim();
  const base = plain(source.replace(/\.[^.]+$/, "")) || "painted";
  return `${base}, ${plain(titles.join(" + ")) || "own style"}.mp4`;
}
