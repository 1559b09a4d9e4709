// The painter at work on the video: the engine is started when it is first needed, and frames are painted until they are not.
import { type Live, startLive } from "../../live/loop";
import type { Backend, Engine } from "../../types";
import type { Settings, Store } from "../settings/settings";
import type { Messages } from "../status/messages";
import { DIED, engineTrouble } from "../status/sentences";
import type { Styling } from "../styles/styling";
import { createView } from "./view";

export interface Painting {
  readonly live: Live | null;
  /** Resolves once the engine is at work with the present settings. A failed start may be tried again. */
  ready(): Promise<void>;
  /** Paints what the video shows, as soon as the engine is ready. */
  begin(): void;
  /** What was painted last stays. */
  end(): void;
  /** Nothing begins until `resume`. */
  pause(): void;
  resume(): void;
  /** Starts the engine anew, as the settings say. */
  restart(): void;
  /** Never rests: see `LiveOptions`. */
  setAlways(always: boolean): void;
  /** Shows the present settings. */
  applyView(): void;
}

export interface PaintingOptions {
  engine: Engine;
  settings: Store<Settings>;
  messages: Messages;
  video: HTMLVideoElement;
  styling: Styling;
  /** Whether there is something to paint. */
  opened(): boolean;
  mirrored(): boolean;
  /** Whether the page died while the graphics card painted. */
  died(): boolean;
}

export function createPainting(options: PaintingOptions): Painting {
  const { engine, settings, messages, video, styling, opened, mirrored, died } = options;
  let always = false;
  let paused = false;
  let live: Live | null = null;
  let started: Promise<unknown> | null = null;
  const view = createView({ engine, settings, video, mirrored, kept: () => live?.kept ?? 1 });

  /** The painter asked for; the processor where the page died painting with the graphics card, and nobody insists on it. */
  const wanted = (): Backend | "auto" => {
    const { backend } = settings.get();
    if (backend !== "auto" || !died()) return backend;
    messages.note(DIED);
    return "wasm";
  };
  const ready = async (): Promise<void> => {
    view.holdSteady(); // which graph is fetched first depends on it
    started ??= engine.start(wanted());
    const mine = started;
    try {
      await mine;
    } catch (error) {
      if (started === mine) started = null;
      throw error;
    }
    await styling.apply();
    view.apply();
  };
  const begin = (): void => {
    const there = ready();
    const mine = started;
    there.then(
      () => {
        messages.clear("engine");
        if (opened() && !paused) live ??= startLive(engine, video, { side: settings.get().side, always });
      },
      (error) => {
        if (started && started !== mine) return; // another start is under way
        messages.trouble("engine", engineTrouble(error), { label: "Try again", run: restart });
      },
    );
  };
  const end = (): void => {
    live?.stop();
    live = null;
  };
  const restart = (): void => {
    started = null;
    begin();
  };

  settings.on((now, before) => {
    if (now.side !== before.side) live?.setSide(now.side);
    if (now.backend !== before.backend && started) restart();
    view.apply();
  });
  return {
    get live() {
      return live;
    },
    ready,
    begin,
    end,
    pause() {
      paused = true;
      end();
    },
    resume() {
      paused = false;
      if (opened()) begin();
    },
    restart,
    setAlways(next) {
      always = next;
      live?.setAlways(next);
    },
    applyView: view.apply,
  };
}
