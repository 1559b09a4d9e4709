// What is to be painted: one clip, or some pictures; and the part of a clip.
import { byId, make } from "../ui/dom";
import { icon } from "../ui/icons";
import { look, Refusal, upload } from "./server";
import { clock, duration, type State, type Studio } from "./state";
import type { Source, StudioConfig } from "./types";

export interface Sources {
  /** Uploads and looks at files; whatever is wrong is said in the box. */
  takeClip(file: File): Promise<void>;
  takePictures(files: File[]): Promise<void>;
}

export function createSources(studio: Studio, config: StudioConfig): Sources {
  const box = byId("source");
  /** What is on its way. */
  let coming = new AbortController();

  const words = make("p", { className: "hint" });
  const bar = make("progress", { max: 1, aria: { label: "Uploaded so far" } });
  const stop = make("button", { type: "button", className: "secondary", textContent: "Cancel" });
  stop.addEventListener("click", () => {
    coming.abort();
    show(studio.get());
    byId("choose").focus({ preventScroll: true });
  });
  const working = (text: string, share: number | null): void => {
    words.textContent = text;
    if (share !== null && share < 1) bar.value = share;
    else bar.removeAttribute("value");
    if (!box.contains(bar)) box.replaceChildren(words, bar, stop);
  };
  const fail = (error: unknown): void => {
    if ((error as Error).name === "AbortError") return;
    const sentence = error instanceof Refusal ? error.message : "Something went wrong here; please reload the page.";
    if (!(error instanceof Refusal)) console.error(error);
    const told = make("p", { textContent: `That did not work. ${sentence}` });
    told.setAttribute("role", "alert");
    show(studio.get());
    box.append(make("div", { className: "message" }, told));
  };
  const bring = async (file: File, kind: "clip" | "picture", words: string, signal: AbortSignal): Promise<Source> => {
    const show = (share: number): void => working(`${words}: ${Math.round(100 * share)} %`, share);
    show(0);
    const path = await upload(file, config.upload_bytes, show, signal);
    signal.throwIfAborted();
    working("Looking at it", null);
    const seen = await look(kind, path, file.name);
    signal.throwIfAborted();
    return { ...seen, url: URL.createObjectURL(file) };
  };
  const show = (state: State): void => {
    const sources = state.kind === "clip" ? (state.clip ? [state.clip] : []) : state.pictures;
    const remove = (source: Source): void => {
      if (state.kind === "clip") studio.set({ clip: null, from: 0, to: null, at: 0, shown: null });
      else studio.set({ pictures: state.pictures.filter((each) => each !== source), index: 0, shown: null });
      byId("choose").focus({ preventScroll: true }); // the cross is gone
    };
    const pick = (index: number): void => studio.set({ index, shown: null });
    box.replaceChildren(...sources.map((source, i) => row(source, i, state, remove, pick)));
  };

  /** What comes now takes the place of what was on its way. */
  const begin = (): AbortController => {
    coming.abort();
    coming = new AbortController();
    return coming;
  };

  studio.on((now, before) => {
    const changed = ["kind", "clip", "pictures", "index"] as const;
    if (changed.some((name) => now[name] !== before[name])) show(now);
  });
  bindTrim(studio);
  return {
    async takeClip(file) {
      const { signal } = begin();
      studio.set({ kind: "clip", shown: null });
      try {
        const clip = await bring(file, "clip", `Uploading ${file.name}`, signal);
        const long = (clip.seconds ?? 0) > (clip.longest ?? Number.POSITIVE_INFINITY);
        byId("announce").textContent = `${clip.name}: ${clip.facts}`;
        const to = long ? Math.floor((clip.longest ?? 0) * 10) / 10 : null;
        studio.set({ clip, from: 0, to, at: clip.at ?? 0, shown: null });
      } catch (error) {
        if (!signal.aborted) fail(error);
      }
    },
    async takePictures(files) {
      if (coming.signal.aborted) begin(); // otherwise those on their way come, too
      const { signal } = coming;
      studio.set({ kind: "pictures", shown: null });
      const room = config.pictures_at_once - studio.get().pictures.length;
      let trouble: unknown =
        files.length > room ? new Refusal(`Up to ${config.pictures_at_once} pictures at once.`) : null;
      for (const [i, file] of files.slice(0, room).entries()) {
        try {
          const words = `Uploading ${i + 1} of ${Math.min(files.length, room)}`;
          const picture = await bring(file, "picture", words, signal);
          studio.set({ pictures: [...studio.get().pictures, picture], shown: null });
        } catch (error) {
          if (signal.aborted) return;
          const which = error instanceof Refusal && files.length > 1 && !error.message.includes(file.name);
          trouble = which ? new Refusal(`${file.name}: ${error.message}`) : error;
        }
      }
      if (trouble) fail(trouble);
      else show(studio.get());
    },
  };
}

function row(source: Source, index: number, state: State, remove: (s: Source) => void, pick: (i: number) => void) {
  const image = make("img", { src: source.thumb, alt: "" });
  const words = make("span", { className: "what" }, make("b", { textContent: source.name }));
  words.append(
    make("span", { className: "hint", textContent: source.facts, id: state.kind === "clip" ? "facts" : "" }),
  );
  const away = make(
    "button",
    { type: "button", className: "close", aria: { label: `Remove ${source.name}` } },
    icon("close"),
  );
  away.addEventListener("click", () => remove(source));
  const several = state.pictures.length > 1 && state.kind === "pictures";
  if (!several) return make("div", { className: "thing" }, image, words, away);
  const shown = make(
    "button",
    { type: "button", className: "pickable", aria: { pressed: String(index === state.index) } },
    image,
    words,
  );
  shown.addEventListener("click", () => pick(index));
  return make("div", { className: "thing" }, shown, away);
}

/** The handles of the part: no longer than may be painted at once, and never empty. */
function bindTrim(studio: Studio): void {
  const box = byId<HTMLDetailsElement>("trim");
  const [from, to] = [byId<HTMLInputElement>("from"), byId<HTMLInputElement>("to")];
  const least = 0.1;

  const show = (state: State): void => {
    const seconds = state.clip?.seconds ?? 0;
    const longest = state.clip?.longest ?? seconds;
    box.hidden = state.kind !== "clip" || seconds < 1;
    if (box.hidden) return;
    const end = state.to ?? seconds;
    for (const [input, value] of [
      [from, state.from],
      [to, end],
    ] as const) {
      input.max = String(seconds);
      if (input.valueAsNumber !== value) input.value = String(value);
      input.style.setProperty("--fill", `${(100 * value) / seconds}%`);
      input.setAttribute("aria-valuetext", clock(value));
    }
    byId("from-words").textContent = clock(state.from);
    byId("to-words").textContent = clock(end);
    const long = seconds > longest;
    const words = long
      ? `This clip lasts ${duration(seconds)}; up to ${duration(longest)} are painted at once. Chosen: ${duration(end - state.from)}.`
      : `Chosen: ${duration(end - state.from)} of ${duration(seconds)}.`;
    if (byId("trim-words").textContent !== words) byId("trim-words").textContent = words;
  };
  const change = (moved: "from" | "to"): void => {
    const { clip } = studio.get();
    const seconds = clip?.seconds ?? 0;
    const longest = Math.min(clip?.longest ?? seconds, seconds);
    let [start, end] = [from.valueAsNumber, to.valueAsNumber];
    if (moved === "from") {
      start = Math.min(start, seconds - least);
      end = Math.min(Math.max(end, start + least), start + longest);
    } else {
      end = Math.max(end, least);
      start = Math.max(Math.min(start, end - least), end - longest, 0);
    }
    const [a, b] = [start, end].map((time) => Math.round(time * 10) / 10);
    studio.set({ from: a, to: b >= seconds ? null : b, at: seconds ? a / seconds : 0, shown: null });
  };
  from.addEventListener("input", () => change("from"));
  to.addEventListener("input", () => change("to"));
  studio.on((now, before) => {
    if (now.clip !== before.clip && now.to !== null) box.open = true;
    show(now);
  });
}
