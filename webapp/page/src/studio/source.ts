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
  let coming = 0;

  const working = (words: string, share: number | null): void => {
    const bar = make("progress", { max: 1, aria: { label: words } });
    if (share !== null && share < 1) bar.value = share;
    box.replaceChildren(make("p", { className: "hint", textContent: words }), bar);
  };
  const fail = (error: unknown): void => {
    const sentence = error instanceof Refusal ? error.message : "Something went wrong here; please reload the page.";
    if (!(error instanceof Refusal)) console.error(error);
    const words = make("p", { textContent: `That did not work. ${sentence}` });
    words.setAttribute("role", "alert");
    show(studio.get());
    box.append(make("div", { className: "message" }, words));
  };
  const bring = async (file: File, kind: "clip" | "picture", words: string): Promise<Source> => {
    const path = await upload(file, config.upload_bytes, (share) =>
      working(`${words}: ${Math.round(100 * share)} %`, share),
    );
    working("Looking at it", null);
    const seen = await look(kind, path, file.name);
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

  studio.on((now, before) => {
    const changed = ["kind", "clip", "pictures", "index"] as const;
    if (changed.some((name) => now[name] !== before[name])) show(now);
  });
  bindTrim(studio);
  return {
    async takeClip(file) {
      coming += 1;
      const mine = coming;
      studio.set({ kind: "clip", shown: null });
      try {
        const clip = await bring(file, "clip", `Uploading ${file.name}`);
        if (mine !== coming) return;
        const long = (clip.seconds ?? 0) > (clip.longest ?? Number.POSITIVE_INFINITY);
        byId("announce").textContent = `${clip.name}: ${clip.facts}`;
        studio.set({ clip, from: 0, to: long ? Math.floor((clip.longest ?? 0) * 10) / 10 : null, at: 0, shown: null });
      } catch (error) {
        if (mine === coming) fail(error);
      }
    },
    async takePictures(files) {
      studio.set({ kind: "pictures", shown: null });
      const room = config.pictures_at_once - studio.get().pictures.length;
      let trouble: unknown =
        files.length > room ? new Refusal(`Up to ${config.pictures_at_once} pictures at once.`) : null;
      for (const [i, file] of files.slice(0, room).entries()) {
        try {
          const picture = await bring(file, "picture", `Uploading ${i + 1} of ${Math.min(files.length, room)}`);
          studio.set({ pictures: [...studio.get().pictures, picture], shown: null });
        } catch (error) {
          trouble = error;
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
