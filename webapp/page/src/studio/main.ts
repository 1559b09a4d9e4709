// The page for files, put together: what is chosen, the stage, the jobs.
import { takeHandedOver } from "../clips/handover";
import { bindDrop, type DroppedFiles, sortFiles } from "../ui/clips/drop";
import { byId, make } from "../ui/dom";
import { icon, placeIcons } from "../ui/icons";
import { fillAbout } from "./about";
import { percentOf } from "./job-list";
import { createJobs, type Jobs } from "./jobs";
import { bindOptions, bindWords } from "./options";
import { bindParts, sayNobody, titleOf } from "./parts";
import { bringBackLost, recallChosen, rememberChosen } from "./remembered";
import { getConfig, getExample, getPreview, Lost, lookAtStyle, Refusal, study, submit, upload } from "./server";
import { createSources } from "./source";
import { createStage, type Stage } from "./stage";
import {
  again,
  chosenSources,
  clock,
  createState,
  isOver,
  lookOf,
  previewed,
  type State,
  type Studio,
  wishFor,
} from "./state";
import { createStyles, type StyleEntry, type Styles } from "./styles";
import { bindTabs } from "./tabs";
import type { StudioConfig, Wish } from "./types";

const SETTLED = 150; // milliseconds without a change after which a preview is asked for

async function start(): Promise<void> {
  placeIcons(document);
  const config = await getConfig();
  const studio = createState(config);
  const stage = createStage();
  const styles = createStyles(studio, config, {
    pictures: (files) => takeStyles(files, config, styles, stage),
    study: (entry) => void startStudy(entry, studio, styles, jobs),
  });
  const sources = createSources(studio, config);
  fillAbout(config);
  bindTabs(studio);
  bindOptions(studio, config);
  bindWords(studio, config);
  bindParts(studio, styles);
  rememberChosen(studio, styles);
  const lost = await recallChosen(studio, styles, config).catch(() => []); // before jobs: they know styles by these keys
  let refresh = async (): Promise<void> => {};
  const jobs = bindJobs(studio, config, styles, stage, (there) => {
    sayLost(!there);
    if (there) void caughtUp().catch((error) => say(told(error)));
  });
  const caughtUp = async (): Promise<void> => {
    catchingUp = true;
    const gone = await bringBackLost(studio, styles, config.upload_bytes, (name, share) =>
      stage.busy(`Uploading ${name} again: ${Math.round(100 * share)} %`),
    ).finally(() => {
      catchingUp = false;
    });
    stage.busy("");
    sayGone(gone);
    await refresh();
  };
  bindChoosing(studio, sources, config, styles, stage);
  refresh = bindPreview(studio, styles, stage, jobs, config);
  sayGone(lost);
  document.body.dataset.ready = "true";
  const handed = await takeHandedOver(); // from the live page
  if (handed) sources.takeClip(handed);
}

/** One sentence that stays until it is closed; the same one only once. */
export function say(sentence: string): void {
  if (lost && sentence === new Lost().message) return; // that is said already
  const box = byId("messages");
  const text = `That did not work. ${sentence}`;
  if ([...box.children].some((each) => each.querySelector("p")?.textContent === text)) return;
  const close = make("button", { type: "button", className: "close", aria: { label: "Close" } }, icon("close"));
  const message = make("div", { className: "message" }, make("p", { textContent: text }), close);
  close.addEventListener("click", () => message.remove());
  box.replaceChildren(message);
}

function sayGone(names: string[]): void {
  if (names.length)
    say(`${names.join(", ")}: no longer on the server; please choose ${names.length > 1 ? "them" : "it"} again.`);
}

let lost = false;
/** What the server has lost is on its way there again: until then no preview can be painted of it. */
let catchingUp = false;

/** While the server is not there this stands in the place of all that failed for want of it. */
function sayLost(now: boolean): void {
  lost = now;
  hush();
  if (!lost) return;
  const words = "The connection to the server is lost. This page goes on as soon as it is back.";
  byId("messages").append(make("div", { className: "message" }, make("p", { textContent: words })));
}

/** What was tried before and failed is past, once something else is tried. */
function hush(): void {
  for (const message of document.querySelectorAll("#messages > *, #source .message")) message.remove();
}

function told(error: unknown): string {
  if (error instanceof Refusal) return error.message;
  console.error(error);
  return "Something went wrong on this page; please reload it.";
}

async function takeStyles(files: File[], config: StudioConfig, styles: Styles, stage: Stage): Promise<void> {
  hush();
  for (const file of files.slice(0, config.styles_at_once)) {
    const words = `Uploading ${file.name}`;
    stage.busy(words);
    try {
      const path = await upload(file, config.upload_bytes, (share) =>
        stage.busy(`${words}: ${Math.round(100 * share)} %`),
      );
      stage.busy(`Looking at ${file.name}`);
      styles.addOwn(path, file.name, await lookAtStyle(path, file.name));
    } catch (error) {
      say(told(error));
    }
    stage.busy("");
  }
}

/** Studies an own picture on the clip or picture at hand. */
async function startStudy(entry: StyleEntry, studio: Studio, styles: Styles, jobs: Jobs): Promise<void> {
  try {
    const job = await study({ path: entry.path, name: entry.title }, chosenSources(studio.get())[0] ?? null);
    styles.entries.set(entry.key, { ...entry, job: job.id });
    jobs.add(job);
    byId("announce").textContent = "Studying has started.";
  } catch (error) {
    say(told(error));
  }
  studio.set({ mix: [...studio.get().mix] });
}

function bindChoosing(
  studio: Studio,
  sources: ReturnType<typeof createSources>,
  config: StudioConfig,
  styles: Styles,
  stage: Stage,
): void {
  const take = (files: File[]): void => {
    if (!files.length) return;
    hush();
    const { clip, pictures } = sortFiles(files);
    const onlyPictures = pictures.length > 0 && !clip;
    // What was chosen in the other one's place is painted all the same.
    if (studio.get().kind === "clip" ? !onlyPictures : clip && !pictures.length) sources.takeClip(clip ?? files[0]);
    else sources.takePictures(studio.get().kind === "clip" ? pictures : files);
  };
  for (const id of ["choose", "take"]) {
    const input = byId<HTMLInputElement>(id);
    input.addEventListener("change", () => {
      const files = [...(input.files ?? [])];
      input.value = "";
      take(files);
    });
  }
  byId("example").addEventListener("click", async () => {
    try {
      const clip = { ...(studio.get().ours ?? (await getExample())), url: null };
      studio.set({ clip, from: 0, to: null, at: clip.at ?? 0, shown: null });
    } catch (error) {
      say(told(error));
    }
  });
  bindDrop((dropped: DroppedFiles) => {
    hush();
    if (dropped.clip) sources.takeClip(dropped.clip);
    else if (dropped.pictures.length && studio.get().kind === "pictures") sources.takePictures(dropped.pictures);
    else if (dropped.pictures.length) takeStyles(dropped.pictures, config, styles, stage);
    if (dropped.styles.length) takeStyles(dropped.styles, config, styles, stage);
    if (dropped.other) say(`${dropped.other} is neither a clip, a picture nor a studied style.`);
  });
}

/** The preview follows whatever is chosen; of several changes, the last is painted. Call the result to try once more. */
function bindPreview(
  studio: Studio,
  styles: Styles,
  stage: Stage,
  jobs: Jobs,
  config: StudioConfig,
): () => Promise<void> {
  let asked = new AbortController();
  let timer = 0;
  let last = "";
  const refresh = async (): Promise<void> => {
    if (catchingUp) return;
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

function bindJobs(
  studio: Studio,
  config: StudioConfig,
  styles: Styles,
  stage: Stage,
  connection: (there: boolean) => void,
): Jobs {
  const send = async (wish: Wish): Promise<void> => {
    const button = byId("paint");
    if (button.ariaDisabled === "true") return;
    hush();
    button.ariaDisabled = "true"; // a disabled button would lose the keyboard's focus
    try {
      const job = await submit(wish);
      jobs.add(job);
      byId("announce").textContent = "The job has started.";
      studio.set({ shown: job.id });
      byId("frame").scrollIntoView({ block: "nearest" });
    } catch (error) {
      say(told(error));
    }
    button.ariaDisabled = null;
  };
  const jobs = createJobs(studio, config, {
    again: (job) => send(again(job, styles.asked())),
    chosenTitle: () => styles.title(),
    changed: () => showProgress(studio.get()),
    studies: (all) => styles.follow(all),
    say,
    connection,
  });
  let announced = -1;
  const showProgress = (state: State): void => {
    const job = state.shown ? jobs.find(state.shown) : undefined;
    if (!job || job.kind === "study") return;
    stage.showJob(job, state.clip?.path === job.asked.sources[0].path ? state.clip.url : null);
    if (isOver(job)) {
      if (job.state === "failed") say(job.words);
      if (job.state !== "done") studio.set({ shown: null });
      return;
    }
    const bar = byId<HTMLProgressElement>("bar");
    if (job.total) bar.value = job.done / job.total;
    else bar.removeAttribute("value");
    byId("stop").hidden = !jobs.mine(job);
    byId("progress-words").textContent = [percentOf(job), job.words].filter(Boolean).join(", ");
    const quarter = job.total ? Math.floor((4 * job.done) / job.total) : 0;
    if (quarter > 0 && quarter !== announced) byId("announce").textContent = `${25 * quarter} % painted`;
    announced = quarter;
  };
  byId("paint").addEventListener("click", () => {
    const state = studio.get();
    send(wishFor(state, chosenSources(state), styles.asked(), styles.rest()));
  });
  byId("stop").addEventListener("click", () => {
    const job = jobs.find(studio.get().shown ?? "");
    if (job) void jobs.remove(job);
  });
  bindAddress(studio);
  return jobs;
}

/** The job on the stage has its id in the address of the page: it is found again there. */
function bindAddress(studio: Studio): void {
  const read = (): string | null => new URLSearchParams(location.hash.slice(1)).get("job");
  studio.on((now, before) => {
    if (now.shown === before.shown || now.shown === read()) return;
    history.pushState(null, "", now.shown ? `#job=${now.shown}` : location.pathname + location.search);
  });
  addEventListener("popstate", () => studio.set({ shown: read() }));
  studio.set({ shown: read() });
}

start().catch((error) => say(told(error)));
