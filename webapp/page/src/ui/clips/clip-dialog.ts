// A clip: how large, painting with progress, and the result to watch and to keep.
import { clipsSupported, paintClip } from "../../clips/clip";
import type { Engine, PageConfig } from "../../types";
import { byId, make } from "../dom";
import { engineTrouble, progressText } from "../status/sentences";

const SIZES: readonly (readonly [number, string])[] = [
  [288, "Small, 288 px: quickest"],
  [480, "Medium, 480 px"],
  [720, "Large, 720 px"],
  [1080, "Full, 1080 px: slowest"],
];

export interface ClipDialog {
  open(file: File): Promise<void>;
}

/**
 * `prepare` pauses the live view and resolves once the engine can paint with the chosen style; `resume` is called when the
 * dialog closes.
 */
export function createClipDialog(
  engine: Engine,
  config: PageConfig,
  prepare: () => Promise<void>,
  resume: () => void,
): ClipDialog {
  const dialog = byId<HTMLDialogElement>("clip");
  let work: AbortController | null = null;
  let result = "";

  const stop = (): void => {
    work?.abort();
    if (result) URL.revokeObjectURL(result);
    result = "";
  };
  dialog.addEventListener("close", () => {
    if (dialog.open) return; // told late: another clip is in it by now
    stop();
    dialog.replaceChildren();
    resume();
  });

  const fill = (title: string, ...children: Node[]): void =>
    dialog.replaceChildren(make("h2", { id: "clip-title", textContent: title }), ...children);

  const refuse = (sentence: string): void => {
    const parts: Node[] = [make("p", { textContent: sentence })];
    if (config.server?.studio) {
      const link = make("a", {
        href: config.server.studio,
        target: "_top",
        textContent: "Paint it on the server instead",
      });
      parts.push(make("p", {}, link, " (there the clip is uploaded)."));
    }
    fill("This clip cannot be painted here", ...parts, buttons(button("Close", () => dialog.close(), "primary")));
  };

  const ask = (file: File): void => {
    const size = make("select", { id: "clip-size" });
    size.append(...SIZES.map(([side, textContent]) => make("option", { value: String(side), textContent })));
    size.value = "480";
    const label = make(
      "label",
      { className: "pick" },
      make("span", { textContent: "Size (short side, at most the clip’s own)" }),
      size,
    );
    const local = make("p", { className: "hint" });
    local.textContent = "Painted in the style chosen now, with its sound. Close this window to choose another.";
    const paint = button("Paint", () => void run(file, Number(size.value)), "primary");
    fill(
      "Paint a clip",
      make("p", { className: "file", textContent: file.name }),
      label,
      local,
      buttons(
        paint,
        button("Cancel", () => dialog.close()),
      ),
    );
    paint.focus();
  };

  const run = async (file: File, side: number): Promise<void> => {
    const mine = new AbortController();
    work = mine;
    const bar = make("progress", { max: 1, value: 0, aria: { label: "Painted so far" } });
    const line = make("p", { className: "hint", textContent: "Preparing…" });
    const remark = make("p", { className: "hint" });
    const cancel = button("Cancel", () => dialog.close());
    fill("Painting", make("p", { className: "file", textContent: file.name }), bar, line, remark, buttons(cancel));
    cancel.focus();
    try {
      await prepare();
      const { signal } = mine;
      signal.throwIfAborted();
      const painted = await paintClip(file, engine, {
        side,
        signal,
        onProgress: (progress) => {
          bar.value = progress.share;
          line.textContent = progressText(progress);
        },
        onNote(sentence) {
          remark.textContent = sentence;
        },
      });
      if (mine === work && dialog.open) show(file, painted, remark.textContent ?? "");
    } catch (error) {
      if (!mine.signal.aborted && dialog.open) refuse(engineTrouble(error));
    }
  };

  const show = (file: File, painted: Blob, remark: string): void => {
    result = URL.createObjectURL(painted);
    const name = `${file.name.replace(/\.[^.]+$/, "")} painted.mp4`;
    const video = make("video", {
      src: result,
      controls: true,
      loop: true,
      playsInline: true,
      aria: { label: "The painted clip" },
    });
    const link = make("a", { href: result, download: name, className: "primary", textContent: "Download" });
    fill(
      "Your painting",
      video,
      make("p", { className: "hint", textContent: remark }),
      buttons(
        link,
        button("Close", () => dialog.close()),
      ),
    );
    link.focus();
  };

  return {
    async open(file) {
      stop(); // another clip takes the place of the one before; closing the dialog would tell so only later
      if (!dialog.open) dialog.showModal();
      const refusal = clipsSupported();
      if (refusal) refuse(refusal);
      else ask(file);
    },
  };
}

function button(text: string, run: () => void, kind = "secondary"): HTMLButtonElement {
  const element = make("button", { type: "button", className: kind, textContent: text });
  element.addEventListener("click", run);
  return element;
}

const buttons = (...children: Node[]): HTMLElement => make("div", { className: "buttons" }, ...children);
