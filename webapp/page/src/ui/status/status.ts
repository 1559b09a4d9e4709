// What the engine is doing: downloads, the painter that took over, frames a second, and what went wrong.
import type { Engine, EngineEvent, PageConfig, Size } from "../../types";
import { byId, make } from "../dom";
import type { Settings, Store } from "../settings/settings";
import type { Session } from "../stage/session";
import { captionOf, type Palette } from "../styles/palette";
import type { Messages } from "./messages";
import { backendName, figuresText, megabytes, privacySentence, waitingSentence } from "./sentences";

const EVERY_MS = 500;
/** So many times in a row nothing must move before the status line says so. */
const RESTING = 4;

export function bindStatus(
  engine: Engine,
  session: Session,
  settings: Store<Settings>,
  messages: Messages,
  config: PageConfig,
): void {
  const downloads = new Map<string, { loaded: number; total: number }>();
  let detail = "";
  let first = true; // why the page chose its first painter is no trouble
  let size: Size | null = null;

  const on: { [K in EngineEvent["kind"]]: (event: Extract<EngineEvent, { kind: K }>) => void } = {
    download({ file, loaded, total }) {
      downloads.set(file, { loaded, total });
      showDownloads(downloads);
    },
    backend(event) {
      downloads.clear();
      detail = event.detail;
      byId("frame").classList.remove("painted");
      showPromise(engine, config);
      byId("stability-row").hidden = engine.model.state.length === 0;
      messages.clear("engine");
      messages.clear("painter");
      if (event.why && first && settings.get().backend === "auto") messages.note(event.why);
      else if (event.why) messages.trouble("painter", event.why);
      else messages.announce(`Painting with ${backendName[event.backend]}.`);
      first = false;
      showLoading("The first frame is being painted…");
    },
    painted(event) {
      ({ size } = event);
      byId("loading").hidden = true;
      byId("frame").classList.add("painted");
    },
    waiting({ place }) {
      showLoading(waitingSentence(place));
    },
    trouble({ sentence, fatal }) {
      if (!fatal) return messages.trouble("painter", sentence);
      byId("loading").hidden = true;
      messages.trouble("engine", sentence, { label: "Try again", run: () => session.restart() });
    },
    note: ({ sentence }) => messages.note(sentence),
    stale() {},
  };
  engine.on((event) => (on[event.kind] as (event: EngineEvent) => void)(event));

  const figures = byId("figures");
  let resting = 0;
  setInterval(() => {
    const { live } = session;
    if (!live || !engine.backend || !size || document.hidden) {
      figures.textContent = "";
      return;
    }
    resting = live.idle ? resting + 1 : 0;
    const { fps, p50, p95 } = live.stats();
    const model = `${engine.model.name} ${engine.model.revision}`.trim();
    figures.textContent = figuresText({ backend: engine.backend, size, fps, p50, p95, idle: resting > RESTING, model });
    figures.title = detail;
  }, EVERY_MS);
  showPromise(engine, config);
}

/** The promise about privacy, kept true: it changes when the server paints. */
function showPromise(engine: Engine, config: PageConfig): void {
  const line = byId("promise");
  line.textContent = privacySentence(engine.backend, config);
  line.classList.toggle("abroad", engine.backend === "server");
}

export function showLoading(text: string): void {
  byId("loading").hidden = false;
  byId("loading-text").textContent = text;
  byId<HTMLProgressElement>("loading-bar").removeAttribute("value");
}

function showDownloads(downloads: Map<string, { loaded: number; total: number }>): void {
  const all = [...downloads.values()];
  const loaded = all.reduce((sum, each) => sum + each.loaded, 0);
  const total = all.reduce((sum, each) => sum + Math.max(each.total, each.loaded), 0);
  const done = all.every((each) => each.total > 0 && each.loaded >= each.total);
  showLoading(
    done ? "Preparing the painter…" : `Fetching the painter, once: ${megabytes(loaded)} of ${megabytes(total)}`,
  );
  if (!done && total > 0) byId<HTMLProgressElement>("loading-bar").value = loaded / total;
}

/** The label beside the painting: its style, artist and year. */
export function bindCaption(settings: Store<Settings>, palette: Palette): void {
  const caption = byId("caption");
  const show = ({ mix }: Settings): void => {
    const { title, by } = captionOf(mix, palette.styles);
    caption.replaceChildren(make("em", { textContent: title }), by ? `, ${by}` : "");
    byId("host").setAttribute("aria-label", title ? `The picture, painted after ${title}` : "The painted picture");
  };
  settings.on(show);
  show(settings.get());
}
