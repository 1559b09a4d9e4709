// The preview: what the result of all that is chosen will be, painted by the server while it is chosen.
import { byId } from "../ui/dom";
import type { Jobs } from "./jobs";
import { say, told } from "./messages";
import { sayNobody, titleOf } from "./parts";
import { getExample, getPreview } from "./server";
import type { Stage } from "./stage";
import { chosenSources, clock, lookOf, previewed, type State, type Studio, wishFor } from "./state";
import type { Styles } from "./styles";
import type { StudioConfig } from "./types";

const SETTLED = 150; // milliseconds without a change after which a preview is asked for

interface PreviewParts {
  styles: Styles;
  stage: Stage;
  jobs: Jobs;
  config: StudioConfig;
  /** Whether nothing can be painted at present. */
  waits(): boolean;
}

/** The preview follows whatever is chosen; of several changes, the last is painted. Call the result to try once more. */
export function bindPreview(studio: Studio, { styles, stage, jobs, config, waits }: PreviewParts): () => Promise<void> {
  let asked = new AbortController();
  let timer = 0;
  let last = "";
  const refresh = async (): Promise<void> => {
    if (waits()) return;
    const state = studio.get();
    const shown = state.shown ? jobs.find(state.shown) : undefined;
    const moments = !state.shown && state.kind === "clip" && Boolean(state.clip);
    if (!moments || document.body.dataset.stage !== "result") byId("moment").hidden = !moments; // two sliders would be one too many
    if (shown?.kind === "study") return studio.set({ shown: null }); // it has no stage
    if (state.shown)
      return shown && stage.showJob(shown, state.clip?.path === shown.asked.sources[0].path ? state.clip.url : null);
    byId("progress").hidden = true;
    const subject = previewed(state);
    const seen = chosenSources(state).length ? state : { ...state, kind: "clip" as const }; // ours is a clip
    if (!subject.length) {
      last = "";
      return stage.showExample();
    }
    const wish = wishFor(seen, subject, styles.asked(), styles.rest());
    const key = JSON.stringify({ ...wish, stability: 0, start: 0, end: 0 });
    if (key === last) return;
    asked.abort();
    asked = new AbortController();
    stage.busy("Painting the preview");
    try {
      const preview = await getPreview(wish, asked.signal);
      if (studio.get().shown) return;
      last = key;
      const name = subject[Math.min(state.index, subject.length - 1)].name;
      stage.showPreview(preview, `Preview: ${titleOf(state, styles)}`, name);
      byId("moment").hidden = !moments;
      sayNobody(preview.note);
      stage.busy("");
    } catch (error) {
      if ((error as Error).name === "AbortError") return;
      stage.busy("");
      say(told(error));
    }
  };
  const soon = (): void => {
    clearTimeout(timer);
    timer = window.setTimeout(refresh, SETTLED);
  };
  const at = byId<HTMLInputElement>("at");
  const showMoment = ({ at: share, clip }: State): void => {
    const { seconds = 0 } = clip ?? {};
    if (at.valueAsNumber !== Math.round(100 * share)) at.value = String(100 * share);
    at.style.setProperty("--fill", `${100 * share}%`);
    byId("at-words").textContent = `${clock(share * seconds)} of ${clock(seconds)}`;
    at.setAttribute("aria-valuetext", clock(share * seconds));
  };
  at.addEventListener("input", () => studio.set({ at: at.valueAsNumber / 100, shown: null }));
  studio.on((now, before) => {
    if (now.shown !== before.shown) {
      last = "";
      stage.busy("");
    }
    showMoment(now);
    soon();
  });
  // Whoever tries styles and settings before choosing a clip or picture sees them on our clip.
  const first = lookOf(studio.get());
  let asking = false;
  studio.on((now) => {
    if (!config.example || asking || now.ours || chosenSources(now).length || lookOf(now) === first) return;
    asking = true;
    getExample()
      .then((ours) => studio.set({ ours: { ...ours, url: null } }))
      .catch(() => undefined)
      .finally(() => {
        asking = false;
      });
  });
  showMoment(studio.get());
  refresh();
  return refresh;
}
