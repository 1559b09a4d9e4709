// Says what the engine says: the facts behind the (i), the promise about privacy, the caption beside the painting.
import type { Engine, EngineEvent, PageConfig, Size } from "../../types";
import { byId, make } from "../dom";
import type { Settings, Store } from "../settings/settings";
import type { Session } from "../stage/session";
import { captionOf, type Palette } from "../styles/palette";
import type { Messages } from "./messages";
import { backendName, facts, privacySentence, SILENCE, slowSentence } from "./sentences";

const EVERY_MS = 500;
/** So many times in a row nothing must move before the facts say so. */
const RESTING = 4;

/** Says what the engine says: which painter took over and why, what failed, how fast it is. */
export function bindStatus(
  engine: Engine,
  session: Session,
  settings: Store<Settings>,
  messages: Messages,
  config: PageConfig,
): void {
  let detail = "";
  let first = true; // why the page chose its first painter is no trouble
  let advised = false;
  let size: Size | null = null;

  const on: { [K in EngineEvent["kind"]]?: (event: Extract<EngineEvent, { kind: K }>) => void } = {
    backend(event) {
      detail = event.detail;
      showPromise(engine, config);
      byId("stability-row").hidden = engine.model.state.length === 0;
      messages.clear("engine");
      messages.clear("painter");
      messages.clear("passing");
      if (event.why && first && settings.get().backend === "auto") messages.note(event.why);
      else if (event.why) messages.trouble("painter", event.why);
      else messages.announce(`Painting with ${backendName[event.backend]}.`);
      first = false;
    },
    painted(event) {
      ({ size } = event);
      messages.clear("passing");
    },
    trouble({ sentence, fatal, passing }) {
      if (!fatal) return messages.trouble(passing ? "passing" : "painter", sentence);
      messages.trouble("engine", sentence, { label: "Try again", run: () => session.restart() });
    },
    note: ({ sentence }) => messages.note(sentence),
    silence({ over }) {
      if (over) return messages.clear("silence");
      const anew = () => {
        engine.giveUp();
        session.restart();
      };
      messages.trouble("silence", SILENCE, { label: "Start it anew", run: anew });
    },
  };
  engine.on((event) => (on[event.kind] as ((event: EngineEvent) => void) | undefined)?.(event));

  const list = byId("figures");
  let resting = 0;
  const told = (): [string, string][] => {
    const { live } = session;
    if (!live || !engine.backend || !engine.canvas || !size || document.hidden) return [];
    resting = live.idle ? resting + 1 : 0;
    const { fps, p50, p95 } = live.stats();
    if (live.struggling && fps > 0 && !advised) {
      advised = true;
      messages.note(slowSentence(fps, engine.backend, config));
    }
    const { width, height } = engine.canvas;
    const model = `${engine.model.name} ${engine.model.revision}`.trim();
    const idle = resting > RESTING;
    return facts({ backend: engine.backend, detail, size, shown: { width, height }, fps, p50, p95, idle, model });
  };
  const show = (): void =>
    list.replaceChildren(
      ...told().flatMap(([name, value]) => [make("dt", { textContent: name }), make("dd", { textContent: value })]),
    );
  setInterval(show, EVERY_MS);
  showPromise(engine, config);
  closeOutside(byId<HTMLDetailsElement>("facts"));
}

/** The facts lie over the page: a press elsewhere, or Escape, puts them away. */
function closeOutside(details: HTMLDetailsElement): void {
  addEventListener("pointerdown", ({ target }) => {
    if (!details.contains(target as Node)) details.open = false;
  });
  details.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape" || !details.open) return;
    details.open = false;
    details.querySelector("summary")?.focus();
  });
}

/** The promise about privacy, kept true: it changes when the server paints. */
function showPromise(engine: Engine, config: PageConfig): void {
  const line = byId("promise");
  line.textContent = privacySentence(engine.backend, config);
  line.classList.toggle("abroad", engine.backend === "server");
}

/** The label beside the painting: its style, artist and year. */
export function bindCaption(settings: Store<Settings>, palette: Palette): void {
  const caption = byId("caption");
  const show = ({ mix, who, behind }: Settings): void => {
    const front = captionOf(mix, palette.styles);
    const back = who === "each" && behind.length ? captionOf(behind, palette.styles) : null;
    const { title, by } = back ? { title: `${front.title} before ${back.title}`, by: "" } : front;
    caption.replaceChildren(make("em", { textContent: title }), by ? `, ${by}` : "");
    byId("host").setAttribute("aria-label", title ? `The picture, painted after ${title}` : "The painted picture");
  };
  settings.on(show);
  show(settings.get());
}
