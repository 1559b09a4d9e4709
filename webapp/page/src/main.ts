// The page: reads what its place offers, then puts the parts together.
import { createEngine } from "./engine/engine";
import { readDescription } from "./engine/model/description";
import { studySteps } from "./engine/study/study";
import { Trouble } from "./engine/trouble";
import { diedPainting, MARKS, markPainting } from "./live/died";
import { keepForOffline } from "./offline/offline";
import type { BuiltInStyle, Engine, ModelDescription, PageConfig } from "./types";
import { createClipDialog } from "./ui/clips/clip-dialog";
import { bindDrop, type DroppedFiles, sortFiles } from "./ui/clips/drop";
import { byId, enableControls } from "./ui/dom";
import { placeIcons } from "./ui/icons";
import { bindControls } from "./ui/settings/controls";
import { parseSettings } from "./ui/settings/link";
import { createStore, DEFAULT_SETTINGS, type Settings, type Store } from "./ui/settings/settings";
import { bindShare } from "./ui/settings/share";
import { bindWho } from "./ui/settings/who";
import { bindClean } from "./ui/stage/clean";
import { bindDivider } from "./ui/stage/divider";
import { paintPoster } from "./ui/stage/poster";
import { createSession } from "./ui/stage/session";
import { bindSources } from "./ui/stage/sources";
import { bindTools } from "./ui/stage/tools";
import { createActivity } from "./ui/status/activity";
import { createMessages, type Messages } from "./ui/status/messages";
import { loadTrouble, type PageContext, pictureTrouble } from "./ui/status/sentences";
import { bindCaption, bindStatus } from "./ui/status/status";
import { createGallery } from "./ui/styles/gallery";
import { only, without } from "./ui/styles/mix";
import { createOwnStyles } from "./ui/styles/own";
import { Palette } from "./ui/styles/palette";
import { bindStudying } from "./ui/styles/studying";
import { bindTarget, targeted } from "./ui/styles/target";

declare global {
  /** For tests. */
  var impasto: { engine: Engine; studySteps: typeof studySteps } | undefined;
}

async function fetchJson<T>(address: string): Promise<T> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`the answer was ${response.status}`);
  return response.json() as Promise<T>;
}

/** Where the page runs, as far as camera and painter are concerned. */
function pageContext(died: boolean): PageContext {
  const policy = (document as Document & { featurePolicy?: { allowsFeature(name: string): boolean } }).featurePolicy;
  return {
    secure: isSecureContext,
    framed: self !== top,
    cameraAllowed: policy?.allowsFeature("camera") ?? null,
    died,
  };
}

async function open(messages: Messages): Promise<void> {
  let what = "the page’s configuration";
  try {
    const config = await fetchJson<PageConfig>("./config.json");
    const folder = `./models/${config.models[0] ?? ""}/`;
    const model = await readDescription(new URL(folder, document.baseURI).href);
    what = "the gallery of styles";
    const gallery = await fetchJson<Record<string, BuiltInStyle>>(`${folder}gallery.json`);
    assemble(config, model, new Palette(gallery, folder), messages);
  } catch (error) {
    const again = { label: "Reload", run: () => location.reload() };
    messages.trouble("page", error instanceof Trouble ? error.message : loadTrouble(what, error), again);
  }
}

function assemble(config: PageConfig, model: ModelDescription, palette: Palette, messages: Messages): void {
  const linked = parseSettings(location.hash, palette.names, model.rules);
  const settings = createStore<Settings>({ ...DEFAULT_SETTINGS, mix: only(palette.first), ...linked });
  const engine = createEngine(byId("host"), config, model);
  globalThis.impasto = { engine, studySteps };
  const activity = createActivity(engine, messages);
  const died = diedPainting(MARKS, Date.now());
  markPainting(engine, MARKS);
  const session = createSession(engine, settings, palette, messages, activity, () => pageContext(died));
  const clips = createClipDialog({
    engine,
    config,
    settings,
    palette,
    activity,
    prepare: () => session.pauseForClip(),
    whole: () => session.whole(),
    resume: () => session.resumeAfterClip(),
    playLive: (file) => void session.useClip(file),
    onStyles: (files) => take(sortFiles(files)),
  });
  /** The settings with the style that the gallery chooses. */
  const chosen = targeted(settings);
  const gallery = createGallery(
    chosen,
    palette,
    model.rules,
    (files) => take(sortFiles(files)),
    (key) => {
      // It may have been the other one's style, too.
      const { mix, behind } = settings.get();
      settings.set({ mix: without(mix, key, palette.first), behind: behind.filter((entry) => entry.key !== key) });
      own.forget(key);
      studying?.removed(key);
    },
  );
  const own = createOwnStyles(engine, palette, messages);
  const studying = bindStudying({
    engine,
    config,
    session,
    settings: chosen,
    palette,
    messages,
    learnt(key, file) {
      own.replace(key, file);
      gallery.rebuild();
    },
  });

  const takeOwn = async (files: File[], otherwise: (name: string) => string): Promise<void> => {
    await own.take(files, otherwise, (key) => chosen.set({ mix: only(key) }));
    gallery.rebuild();
  };
  const take = ({ pictures, styles, clip, other }: DroppedFiles): void => {
    messages.clear("picture"); // of what was tried before
    if (pictures.length) void takeOwn(pictures, pictureTrouble);
    if (styles.length) void takeOwn(styles, (name) => `“${name}” could not be read.`);
    if (clip) void clips.open(clip);
    else if (other && !pictures.length && !styles.length) {
      messages.trouble("picture", `“${other}” is neither a picture, a studied style nor a clip.`);
    }
  };

  bindControls(settings, config);
  bindWho(settings, palette, engine);
  bindTarget(settings);
  bindDivider(settings);
  bindStatus(engine, session, settings, messages, config);
  bindCaption(settings, palette);
  bindTools(engine, session, messages, activity);
  bindShare(settings, palette, model.rules, messages);
  bindSources(session, (file) => void clips.open(file));
  bindDrop(take);
  bindMirror(settings);
  if (config.server?.studio)
    Object.assign(byId("studio"), { href: config.server.studio, target: "_top", hidden: false });
  void own.bringBack().then((any) => any && gallery.rebuild());
  enableControls();
  keepForOffline(engine);
  bindClean(session);
  document.body.dataset.ready = "yes";
}

function bindMirror(settings: Store<Settings>): void {
  const button = byId("mirror");
  button.addEventListener("click", () => settings.set({ mirror: button.getAttribute("aria-pressed") !== "true" }));
}

placeIcons(document);
paintPoster(byId<HTMLCanvasElement>("poster"));
void open(createMessages());
