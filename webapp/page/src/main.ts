// The page: reads what its place offers, then puts the parts together.
import { createEngine } from "./engine/engine";
import { readDescription } from "./engine/model/description";
import { licenceNote } from "./engine/model/style-file";
import { sentenceOf, Trouble } from "./engine/trouble";
import type { BuiltInStyle, Engine, ModelDescription, PageConfig } from "./types";
import { createClipDialog } from "./ui/clips/clip-dialog";
import { bindDrop, type DroppedFiles, sortFiles } from "./ui/clips/drop";
import { byId, enableControls } from "./ui/dom";
import { placeIcons } from "./ui/icons";
import { bindControls } from "./ui/settings/controls";
import { parseSettings } from "./ui/settings/link";
import { createStore, DEFAULT_SETTINGS, type Settings, type Store } from "./ui/settings/settings";
import { bindShare } from "./ui/settings/share";
import { bindClean } from "./ui/stage/clean";
import { bindDivider } from "./ui/stage/divider";
import { paintPoster } from "./ui/stage/poster";
import { createSession } from "./ui/stage/session";
import { bindSources } from "./ui/stage/sources";
import { bindTools } from "./ui/stage/tools";
import { createMessages, type Messages } from "./ui/status/messages";
import { loadTrouble, type PageContext, pictureTrouble } from "./ui/status/sentences";
import { bindCaption, bindStatus, createActivity } from "./ui/status/status";
import { createGallery } from "./ui/styles/gallery";
import { only } from "./ui/styles/mix";
import { Palette } from "./ui/styles/palette";

declare global {
  /** For tests. */
  var impasto: { engine: Engine } | undefined;
}

async function fetchJson<T>(address: string): Promise<T> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`the answer was ${response.status}`);
  return response.json() as Promise<T>;
}

/** Where the page runs, as far as the camera is concerned. */
function pageContext(): PageContext {
  const policy = (document as Document & { featurePolicy?: { allowsFeature(name: string): boolean } }).featurePolicy;
  return { secure: isSecureContext, framed: self !== top, cameraAllowed: policy?.allowsFeature("camera") ?? null };
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
  globalThis.impasto = { engine };
  const activity = createActivity(engine, messages);
  const session = createSession(engine, settings, palette, messages, activity, pageContext);
  const clips = createClipDialog(
    engine,
    config,
    () => session.pauseForClip(),
    () => session.resumeAfterClip(),
  );
  const gallery = createGallery(settings, palette, model.rules, (files) => take(sortFiles(files)));

  const takeStyles = async (files: File[]): Promise<void> => {
    for (const file of files) {
      try {
        const read = await engine.readStyle(file, file.name);
        const note = licenceNote(read, model);
        if (note) messages.note(note);
        settings.set({ mix: only(palette.addStudied(read, file.name).key) });
      } catch (error) {
        messages.trouble("picture", sentenceOf(error, `“${file.name}” could not be read.`));
      }
    }
    gallery.rebuild();
  };
  const takePictures = async (files: File[]): Promise<void> => {
    for (const file of files) {
      await palette.add(file).then(
        ({ key }) => settings.set({ mix: only(key) }),
        () => messages.trouble("picture", pictureTrouble(file.name)),
      );
    }
    gallery.rebuild();
  };
  const take = ({ pictures, styles, clip, other }: DroppedFiles): void => {
    if (pictures.length) void takePictures(pictures);
    if (styles.length) void takeStyles(styles);
    if (clip) void clips.open(clip);
    else if (other && !pictures.length && !styles.length) {
      messages.trouble("picture", `“${other}” is neither a picture, a studied style nor a clip.`);
    }
  };

  bindControls(settings, config);
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
  enableControls();
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
