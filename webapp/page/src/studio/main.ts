// The page for files, put together: what is chosen, the stage, the jobs.
import { takeHandedOver } from "../clips/handover";
import { bindDrop, type DroppedFiles, sortFiles } from "../ui/clips/drop";
import { byId } from "../ui/dom";
import { placeIcons } from "../ui/icons";
import { fillAbout } from "./about";
import { percentOf } from "./job-list";
import { createJobs, type Jobs } from "./jobs";
import { hush, say, sayGone, sayLost, told } from "./messages";
import { bindOptions, bindWords } from "./options";
import { bindParts } from "./parts";
import { bindPreview } from "./preview";
import { bringBackLost, recallChosen, rememberChosen } from "./remembered";
import { getConfig, getExample, lookAtStyle, study, submit, upload } from "./server";
import { createSources } from "./source";
import { createStage, type Stage } from "./stage";
import { again, chosenSources, createState, isOver, type State, type Studio, wishFor } from "./state";
import { createStyles, type StyleEntry, type Styles } from "./styles";
import { bindTabs } from "./tabs";
import type { StudioConfig, Wish } from "./types";

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
  /** What the server has lost is on its way there again: until then no preview can be painted of it. */
  let catchingUp = false;
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
  refresh = bindPreview(studio, { styles, stage, jobs, config, waits: () => catchingUp });
  sayGone(lost);
  document.body.dataset.ready = "true";
  const handed = await takeHandedOver(); // from the live page
  if (handed) sources.takeClip(handed);
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
