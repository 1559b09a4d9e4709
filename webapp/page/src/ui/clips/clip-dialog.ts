// A clip: refused at once or, with a painted frame of it before one's eyes, its style, brush and size chosen; then its
// painting with progress, and the result to watch and to keep.
import { clipsSupported, paintClip } from "../../clips/clip";
import { handOver } from "../../clips/handover";
import type { Inspected } from "../../clips/inspect";
import { type ClipEngine, NoClipError } from "../../clips/options";
import { clipSize } from "../../clips/size";
import { liveSize } from "../../live/size";
import type { Engine, PageConfig, Size } from "../../types";
import { ask as askPerson, type Question } from "../ask";
import { byId, make, paintedName } from "../dom";
import { BRUSHES } from "../settings/controls";
import type { Settings, Store } from "../settings/settings";
import { wouldBeLost } from "../status/leaving";
import { engineTrouble, progressText } from "../status/sentences";
import type { Activity } from "../status/status";
import { type Palette, titlesOf } from "../styles/palette";
import { type ClipSizes, createPreview } from "./preview";
import { createStyleStrip } from "./style-strip";

const SIZES: readonly (readonly [number, string])[] = [
  [288, "288 px"],
  [480, "480 px"],
  [720, "720 px"],
  [1080, "1080 px"],
];
/** Short side that strokes are as broad as at, pixels: `DEFAULT` in webapp/files/brush_size.py. */
const BRUSH = 320;

/** What is asked before something is lost. */
const LOSING: Record<"painting" | "result", Question> = {
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
};

export interface ClipDialog {
  open(file: File): Promise<void>;
}

export interface ClipDialogOptions {
  engine: Engine;
  config: PageConfig;
  settings: Store<Settings>;
  palette: Palette;
  activity: Activity;
  /** Pauses the live view; resolves once the engine can paint with the chosen style. */
  prepare(): Promise<void>;
  /** Resolves once nothing of the chosen style is to come any more; with a sentence where something is missing. */
  whole(): Promise<string | null>;
  /** Called when the dialog closes. */
  resume(): void;
  /** The clip is painted live, in a loop. */
  playLive(file: File): void;
  /** The person chose pictures or files as styles of their own. */
  onStyles(files: File[]): void;
}

export function createClipDialog(options: ClipDialogOptions): ClipDialog {
  const { engine, config, settings, palette, activity } = options;
  const dialog = byId<HTMLDialogElement>("clip");
  let work: AbortController | null = null;
  let result = "";
  /** What the step that is shown now listens to or holds. */
  const leave: (() => void)[] = [];

  /** What closing the dialog would lose. */
  let risk: "painting" | "result" | null = null;
  const atRisk = (what: typeof risk): void => {
    risk = what;
    wouldBeLost("clip", what !== null);
  };
  /** Whether nothing would be lost, or the person says that it may be. */
  const mayClose = async (): Promise<boolean> => risk === null || askPerson(LOSING[risk]);
  const close = async (): Promise<void> => {
    if (await mayClose()) dialog.close();
  };

  const leaveStep = (): void => {
    for (const end of leave.splice(0)) end();
  };
  const stop = (): void => {
    work?.abort();
    atRisk(null);
    leaveStep();
    if (result) URL.revokeObjectURL(result);
    result = "";
  };
  dialog.addEventListener("close", () => {
    if (dialog.open) return; // told late: another clip is in it by now
    stop();
    dialog.replaceChildren();
    options.resume();
  });

  // Escape, and a phone's gesture back.
  dialog.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || risk === null) return;
    event.preventDefault();
    void close();
  });
  dialog.addEventListener("cancel", (event) => {
    if (risk === null) return;
    event.preventDefault();
    void close();
  });

  const fill = (title: string, ...children: Node[]): void =>
    dialog.replaceChildren(make("h2", { id: "clip-title", textContent: title }), ...children);

  /** A link that takes the clip along to the page for files; nothing where there is none. */
  const serverLink = (file: File): Node[] => {
    const { studio } = config.server ?? {};
    if (!studio) return [];
    const link = make("a", { href: studio, target: "_top", textContent: "Paint it on the server instead" });
    link.addEventListener("click", async (event) => {
      event.preventDefault();
      await handOver(file).catch(() => {}); // it is then chosen there once more
      placeOfThePage().location.href = new URL(studio, document.baseURI).href;
    });
    return [make("p", { className: "hint" }, link, " (there the clip is uploaded).")];
  };

  const refuse = (file: File, sentence: string, elsewhere = true): void => {
    leaveStep();
    atRisk(null);
    const close = button("Close", () => dialog.close(), "primary");
    fill(
      "This clip cannot be painted here",
      make("p", { className: "file", textContent: file.name }),
      make("p", { textContent: sentence }),
      ...(elsewhere ? serverLink(file) : []),
      buttons(close),
    );
    close.focus();
  };

  const ask = (file: File, clip: Inspected, prepared: Promise<void>): void => {
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
        .catch((error) => dialog.contains(preview.element) && refuse(file, engineTrouble(error)));
    const strip = createStyleStrip(settings, palette, options.onStyles);
    leave.push(strip.leave, clip.close);
    leave.push(engine.on((event) => event.kind === "stale" && repaint())); // another style
    for (const select of [size, brush]) select.addEventListener("change", repaint);
    const ready = () => Promise.all([prepared.then(options.whole), preview.stop()]).then(([missing]) => missing);
    const paint = button("Paint", () => void run(file, ready(), sizes), "primary");
    const live = button("Play it live", () => {
      dialog.close();
      options.playLive(file);
    });
    fill(
      "Paint a clip",
      make("p", { className: "file", textContent: file.name }),
      preview.element,
      strip.element,
      make("div", { className: "pair" }, pick("Short side, at most", size), pick("Brush size", brush)),
      buttons(
        paint,
        live,
        button("Cancel", () => dialog.close()),
      ),
      ...serverLink(file),
    );
    paint.focus();
    repaint();
  };

  const run = async (file: File, ready: Promise<string | null>, sizes: () => ClipSizes): Promise<void> => {
    const { painted, shown } = sizes();
    leaveStep();
    const mine = new AbortController();
    work = mine;
    atRisk("painting");
    const bar = make("progress", { max: 1, value: 0, aria: { label: "Painted so far" } });
    const line = make("p", { className: "hint", textContent: activity.sign?.text ?? "Preparing the painter…" });
    const remark = make("p", { className: "hint" });
    const cancel = button("Cancel", () => void close());
    fill("Painting", make("p", { className: "file", textContent: file.name }), bar, line, remark, buttons(cancel));
    cancel.focus();
    // Until the first frame is painted, what it waits for: downloads, the painter, a place at the server.
    const told = activity.on((sign) => {
      if (sign && bar.value === 0) line.textContent = sign.text;
    });
    leave.push(told);
    try {
      remark.textContent = await ready;
      const { signal } = mine;
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
      if (mine === work && dialog.open) show(name, made, remark.textContent ?? "");
    } catch (error) {
      if (!mine.signal.aborted && dialog.open) refuse(file, engineTrouble(error));
    }
  };

  const show = (name: string, painted: Blob, remark: string): void => {
    result = URL.createObjectURL(painted);
    atRisk("result");
    const video = make("video", {
      src: `${result}#t=0.001`, // phones show no frame before the first press otherwise
      controls: true,
      loop: true,
      playsInline: true,
      aria: { label: "The painted clip" },
    });
    const link = make("a", { href: result, download: name, className: "primary", textContent: "Download" });
    link.addEventListener("click", () => atRisk(null));
    fill(
      "Your painting",
      video,
      make("p", { className: "hint", textContent: remark }),
      buttons(
        link,
        button("Close", () => void close()),
      ),
    );
    link.focus();
  };

  return {
    async open(file) {
      if (!(await mayClose())) return;
      stop(); // another clip takes the place of the one before; closing the dialog would tell so only later
      const mine = new AbortController();
      work = mine;
      fill(
        "Paint a clip",
        make("p", { className: "file", textContent: file.name }),
        make("p", { className: "hint", textContent: "Reading the clip…" }),
      );
      if (!dialog.open) dialog.showModal();
      const refusal = clipsSupported();
      if (refusal) return refuse(file, refusal);
      try {
        const { inspect } = await import("../../clips/inspect");
        const clip = await inspect(file, engine.model.rules);
        if (mine.signal.aborted || !dialog.open) return clip.close();
        const prepared = options.prepare();
        prepared.catch(() => {}); // told where it is waited for
        ask(file, clip, prepared);
      } catch (error) {
        if (!mine.signal.aborted && dialog.open) refuse(file, engineTrouble(error), !(error instanceof NoClipError));
      }
    },
  };
}

/** The size that gives strokes as broad as at a short side of `brush`: nothing of it is padded. */
function brushSize(shown: Size, brush: number, engine: Pick<Engine, "model">): Size {
  const short = Math.min(shown.width, shown.height);
  return brush >= short ? shown : liveSize(shown, brush, engine.model).size;
}

/** The engine as the clip's painting calls it: frames are painted at one size, and shown at the clip's. */
function brushed(engine: Engine, painted: Size, shown: Size): ClipEngine {
  return {
    model: engine.model,
    reset: () => engine.reset(),
    paint: (frame, size) => {
      const same = size.width === shown.width && size.height === shown.height;
      return engine.paint(frame, same ? painted : size, size);
    },
  };
}

/** Where the page for files is opened: the whole window, or the frame that a page of another host shows us in. */
function placeOfThePage(): Window {
  try {
    return top?.location.origin === location.origin ? top : window;
  } catch {
    return window;
  }
}

function picker(id: string, choices: readonly (readonly [number, string])[], chosen: number): HTMLSelectElement {
  const select = make("select", { id });
  select.append(...choices.map(([side, textContent]) => make("option", { value: String(side), textContent })));
  const nearest = choices.reduce((a, b) => (Math.abs(b[0] - chosen) < Math.abs(a[0] - chosen) ? b : a));
  select.value = String(nearest[0]);
  return select;
}

const pick = (words: string, select: HTMLSelectElement): HTMLElement =>
  make("label", { className: "pick" }, make("span", { textContent: words }), select);

function button(text: string, run: () => void, kind = "secondary"): HTMLButtonElement {
  const element = make("button", { type: "button", className: kind, textContent: text });
  element.addEventListener("click", run);
  return element;
}

const buttons = (...children: Node[]): HTMLElement => make("div", { className: "buttons" }, ...children);
