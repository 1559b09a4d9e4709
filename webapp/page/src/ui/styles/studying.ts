// "Study this picture": an own picture is studied in the browser, on frames of what is painted, while painting goes on.
import type { FromStudy, StudyWish } from "../../engine/study/messages";
import { type Study, type StudyNews, startStudy } from "../../engine/study/study";
import type { Engine, PageConfig, StudyRules } from "../../types";
import { byId, save } from "../dom";
import type { Settings, Store } from "../settings/settings";
import type { Session } from "../stage/session";
import { wouldBeLost } from "../status/leaving";
import type { Messages } from "../status/messages";
import { engineTrouble, STUDY_SILENCE, studiedSentence } from "../status/sentences";
import { only } from "./mix";
import type { Palette } from "./palette";
import { button, show, type UnderWay, whatIsShown } from "./study-panel";

export interface Studying {
  /** An own style was taken out: if it is studied, that ends. */
  removed(key: string): void;
}

interface Parts {
  engine: Engine;
  config: PageConfig;
  session: Session;
  settings: Store<Settings>;
  palette: Palette;
  messages: Messages;
  /** What came of an own picture, as a file. */
  learnt(key: string, file: File): void;
}

/** Between two frames that are studied on, milliseconds: neighbours show the same. */
const FRAME_EVERY = 1000;
const WHY = "Takes a while; its strokes and shapes are painted more closely afterwards. Nothing is uploaded.";
const PREPARING = "Preparing to study…";
const ELSEWHERE = "Its .style file takes it to other devices, to the command line and to Python.";
const NO_SOURCE = "Start the camera, the sample scene or a clip first: a picture is studied on what is painted.";

/** A study under way. */
interface Running extends UnderWay {
  key: string;
  study: Study;
  stopFrames(): void;
}

/** Null where nothing can be studied: the place lacks what it takes, or the page is not secure, so that no file can be hashed. */
export function bindStudying(parts: Parts): Studying | null {
  const { config, settings, palette, messages } = parts;
  const offer = config.study;
  if (!offer || !isSecureContext) return null;
  /** What is said of own styles that were studied in this visit, by key. */
  const facts = new Map<string, string>();
  let running: Running | null = null;
  /** The own picture whose study is asked for, until it runs. */
  let asked: { key: string } | null = null;

  const draw = (): void => {
    const { mix } = settings.get();
    const key = mix.length === 1 ? mix[0].key : "";
    if (running) show(whatIsShown(running));
    else if (asked) show({ words: PREPARING, share: null, buttons: ["enough"] });
    else if (palette.pictureOf(key)) show({ hint: WHY, buttons: ["begin"] });
    else if (palette.styles.get(key)?.file) show({ words: facts.get(key), hint: ELSEWHERE, buttons: ["save"] });
    else show(null);
  };
  const stop = (): void => {
    running?.stopFrames();
    running?.study.close();
    running = null;
    wouldBeLost("study", false);
    messages.clear("study");
  };
  const giveUp = (): void => {
    stop();
    draw();
  };
  /** What a style of the mix became is painted with. */
  const repaint = (key: string): void => {
    const { mix } = settings.get();
    if (mix.some((entry) => entry.key === key)) settings.set({ mix: [...mix] });
  };
  const done = async ({ key, title }: Running, { file: bytes, steps }: Done): Promise<void> => {
    const file = new File([bytes], `${title}.style`);
    palette.learnt(key, await parts.engine.readStyle(file, title), file);
    facts.set(key, studiedSentence(steps));
    parts.learnt(key, file);
    repaint(key);
    messages.announce(`${title} is studied.`);
  };
  const heard = (mine: Running, message: StudyNews): void => {
    if (mine !== running) return;
    if (message.kind === "silence") {
      if (message.over) messages.clear("study");
      else messages.trouble("study", STUDY_SILENCE, { label: "Give it up", run: giveUp });
    } else if (message.kind === "download") mine.files.set(message.file, message);
    else if (message.kind === "preparing") mine.words = PREPARING;
    else if (message.kind === "progress") mine.progress = message.progress;
    else if (message.kind === "so far") {
      palette.learn(mine.key, message);
      repaint(mine.key);
    } else if (message.kind === "done") {
      stop();
      done(mine, message.done)
        .catch((error) => messages.trouble("study", engineTrouble(error)))
        .finally(draw);
    } else if (message.kind === "trouble") {
      stop();
      messages.trouble("study", message.sentence);
    }
    draw();
  };
  const start = async (key: string): Promise<void> => {
    if (!parts.session.source) return messages.trouble("study", NO_SOURCE);
    messages.clear("study");
    const wanted = { key };
    asked = wanted;
    draw();
    button("enough").focus();
    const wish = await wishFor(parts, key).catch((error) => {
      if (asked === wanted) asked = null;
      draw();
      throw error;
    });
    if (asked !== wanted) return wish.picture.close();
    asked = null;
    const study = startStudy(wish, (message) => heard(mine, message));
    const mine: Running = {
      key,
      title: wish.name,
      study,
      words: "Fetching what it takes to study, once…",
      files: new Map(),
      progress: null,
      ending: false,
      stopFrames: feed(study, offer.rules),
    };
    running = mine;
    wouldBeLost("study", true);
    messages.announce(`Studying “${wish.name}”.`);
    draw();
  };

  button("begin").addEventListener("click", () => {
    const [{ key }] = settings.get().mix;
    start(key).catch((error) => messages.trouble("study", engineTrouble(error)));
  });
  button("enough").addEventListener("click", () => {
    if (!running?.progress) {
      asked = null;
      stop(); // nothing was learnt yet
      draw();
      return button("begin").focus();
    }
    running.study.enough();
    running.ending = true;
    draw();
  });
  button("save").addEventListener("click", () => {
    const file = palette.styles.get(settings.get().mix[0].key)?.file;
    if (file) save(file, file.name);
  });
  parts.session.onSource(() => messages.clear("study"));
  settings.on((now, before) => now.mix !== before.mix && draw());
  draw();
  return {
    removed(key) {
      facts.delete(key);
      if (running?.key === key) stop();
      if (asked?.key === key) asked = null;
      draw();
    },
  };
}

type Done = Extract<FromStudy, { kind: "done" }>["done"];

async function wishFor({ engine, config, settings, palette }: Parts, key: string): Promise<StudyWish> {
  const picture = palette.pictureOf(key)!;
  const { style } = await palette.mixed(only(key), engine);
  const { backend } = settings.get();
  return {
    base: document.baseURI,
    folder: new URL(`models/${config.models[0]}/`, document.baseURI).href,
    model: engine.model,
    offer: config.study!,
    places: backend === "wasm" ? ["wasm"] : ["webgpu", "wasm"],
    softwareToo: backend === "webgpu",
    picture: await createImageBitmap(picture),
    style,
    name: palette.styles.get(key)?.title ?? "",
    source: picture instanceof File ? picture.name : "",
  };
}

/** Hands frames of what is painted to a study, one after another, until it has enough or the function that comes back is called. */
function feed(study: Study, { frames, side }: StudyRules): () => void {
  const video = byId<HTMLVideoElement>("source");
  let given = 0;
  const give = async (): Promise<void> => {
    if (!video.videoWidth || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    const scale = Math.min(1, side / Math.min(video.videoWidth, video.videoHeight));
    const size = {
      resizeWidth: Math.round(scale * video.videoWidth),
      resizeHeight: Math.round(scale * video.videoHeight),
    };
    study.frame(await createImageBitmap(video, { ...size, resizeQuality: "high" }));
    given++;
    if (given >= frames) clearInterval(timer);
  };
  const timer = setInterval(() => void give().catch(() => {}), FRAME_EVERY); // a source that changes gives none
  void give().catch(() => {});
  return () => clearInterval(timer);
}
