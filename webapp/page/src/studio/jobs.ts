// The jobs of this visitor: heard of from the server, listed with what can be done about them, told when one is done.
import { byId, make } from "../ui/dom";
import { icon } from "../ui/icons";
import { ask } from "./ask";
import { enough, getJob, listen, paintedOf, Refusal, removeJob, saved } from "./server";
import { isOver, type Studio } from "./state";
import type { Job, StudioConfig } from "./types";

const AGAIN_SOON = 400; // milliseconds between two requests for news
const AGAIN_LATER = 4000; // after one that failed

export interface Jobs {
  all(): Job[];
  add(job: Job): void;
  /** The job on the stage, by the address of the page. */
  find(id: string): Job | undefined;
}

interface Handlers {
  /** Paints the job's sources once more as the styles are chosen now. */
  again(job: Job): void;
  chosenTitle(): string;
  changed(): void;
  /** News of all jobs, for the studies among them. */
  studies(jobs: Job[]): void;
  say(sentence: string): void;
}

export function createJobs(studio: Studio, config: StudioConfig, on: Handlers): Jobs {
  let jobs: Job[] = [];
  let guest: Job | null = null; // of another visitor, or from before: known by its id alone
  const all = (): Job[] => (guest && !jobs.some(({ id }) => id === guest?.id) ? [...jobs, guest] : jobs);

  const take = (next: Job[]): void => {
    for (const job of next) {
      const before = jobs.find(({ id }) => id === job.id);
      if (before && !isOver(before) && isOver(job)) tellOver(job);
    }
    jobs = next;
    show();
    on.studies(jobs);
    on.changed();
  };
  const show = (): void => showList(all(), studio, config, { ...on, remove, mine: (job) => jobs.includes(job) });
  const remove = async (job: Job): Promise<void> => {
    const unsaved = job.state === "done" && !saved.has(job.id);
    const [what, doing, done] =
      job.kind === "study" ? ["study", "studying", "learnt"] : ["painting", "painting", "painted"];
    const question = isOver(job)
      ? { title: `Remove this ${what}?`, words: "It has not been downloaded yet.", yes: "Remove it" }
      : { title: `Stop ${doing}?`, words: `What was ${done} so far will be gone.`, yes: "Stop" };
    if ((unsaved || !isOver(job)) && !(await ask({ ...question, no: "Keep it" }))) return;
    if (studio.get().shown === job.id && isOver(job)) studio.set({ shown: null });
    await removeJob(job.id).catch((error: Error) => on.say(error.message));
  };
  const hear = async (): Promise<never> => {
    let version = -1;
    for (;;) {
      try {
        const news = await listen(version);
        version = news.version;
        take(news.jobs);
        await pause(AGAIN_SOON);
      } catch {
        await pause(AGAIN_LATER);
      }
    }
  };
  const visit = async (id: string): Promise<void> => {
    while (!jobs.some((job) => job.id === id) && studio.get().shown === id) {
      try {
        guest = await getJob(id);
      } catch (error) {
        if (error instanceof Refusal && studio.get().shown === id) on.say(error.message);
        return studio.set({ shown: null });
      }
      show();
      on.changed();
      if (isOver(guest)) return;
      await pause(AGAIN_SOON * 4);
    }
  };

  addEventListener("beforeunload", (event) => {
    if (jobs.some((job) => !isOver(job) || (job.state === "done" && !saved.has(job.id)))) event.preventDefault();
  });
  studio.on((now, before) => {
    if (now.mix !== before.mix || now.shown !== before.shown) show();
    if (now.shown && now.shown !== before.shown && !jobs.some(({ id }) => id === now.shown)) visit(now.shown);
  });
  hear();
  const first = studio.get().shown;
  if (first) setTimeout(() => visit(first), AGAIN_SOON);
  return {
    all,
    add: (job) => take([...jobs.filter(({ id }) => id !== job.id), job]),
    find: (id) => all().find((job) => job.id === id),
  };
}

const pause = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));

/** In the title, aloud, and as a notification where that was allowed. */
function tellOver(job: Job): void {
  const words: Partial<Record<Job["state"], string>> = {
    done: `${job.names[0]} is ${job.kind === "study" ? "studied" : "painted"}.`,
    failed: `${job.names[0]} could not be ${job.kind === "study" ? "studied" : "painted"}.`,
  };
  const sentence = words[job.state];
  if (!sentence) return;
  byId("announce").textContent = sentence;
  if (document.hidden && "Notification" in window && Notification.permission === "granted")
    new Notification("Impasto", { body: sentence, tag: job.id });
}

interface RowHandlers extends Handlers {
  remove(job: Job): void;
  mine(job: Job): boolean;
}

function showList(jobs: Job[], studio: Studio, config: StudioConfig, on: RowHandlers): void {
  byId("jobs").hidden = jobs.length === 0;
  const list = byId("job-list");
  const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.focus : undefined;
  list.replaceChildren(...[...jobs].reverse().map((job) => row(job, studio, on)));
  if (focused) list.querySelector<HTMLElement>(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
  byId("jobs-hint").textContent =
    `A job goes on for ${config.grace} without its page; a painting stays ${config.kept}.`;
  showTitle(jobs);
}

function row(job: Job, studio: Studio, on: RowHandlers): HTMLLIElement {
  const study = job.kind === "study";
  const sources = job.names.length > 1 ? `${job.names.length} pictures` : job.names[0];
  const name = study ? "A study" : sources;
  const told: Record<Job["state"], string> = {
    waiting: job.words,
    painting: `${percentOf(job)} ${job.words}`,
    done: job.facts,
    failed: `That did not work. ${job.words}`,
    cancelled: "Cancelled",
  };
  const words = make("span", { className: "what" }, make("b", { textContent: `${name}, ${job.painted_with}` }));
  words.append(make("span", { className: "hint", textContent: told[job.state] }));
  const item = make("li", { className: job.state, data: { job: job.id } }, words);
  const add = (label: string, act: () => void, kind = "secondary"): void => {
    const button = make("button", {
      type: "button",
      className: kind,
      textContent: label,
      data: { focus: `${job.id} ${label}` },
    });
    button.setAttribute("aria-label", `${label}: ${name}, ${job.painted_with}`);
    button.addEventListener("click", act);
    item.append(button);
  };
  const onStage = studio.get().shown === job.id;
  if (study && !isOver(job) && on.mine(job))
    add("Enough", () => void enough(job.id).catch((error: Error) => on.say(error.message)));
  if (!study && !onStage && (job.state === "done" || !isOver(job))) add("Show", () => studio.set({ shown: job.id }));
  if (job.state === "done") item.append(download(job));
  const other = on.chosenTitle();
  if (!study && on.mine(job) && job.state === "done" && other !== job.painted_with)
    add(`Paint in ${other}`, () => on.again(job));
  if (!isOver(job) && "Notification" in window && Notification.permission === "default")
    add("Tell me when it is done", () => Notification.requestPermission().finally(() => on.changed()));
  if (on.mine(job)) {
    const label = isOver(job) ? "Remove" : "Cancel";
    if (isOver(job)) {
      const away = make(
        "button",
        { type: "button", className: "close", data: { focus: `${job.id} away` } },
        icon("close"),
      );
      away.setAttribute("aria-label", `${label}: ${name}, ${job.painted_with}`);
      away.addEventListener("click", () => on.remove(job));
      item.append(away);
    } else add(label, () => on.remove(job));
  }
  return item;
}

function download(job: Job): HTMLAnchorElement {
  const last = job.files.length - 1; // of several pictures, the ZIP
  const link = make("a", {
    className: "primary download",
    href: `${paintedOf(job, last)}?download=true`,
    textContent: "Download",
    download: job.files[last],
    data: { focus: `${job.id} download` },
  });
  link.setAttribute("aria-label", `Download ${job.files[last]}`);
  link.addEventListener("click", () => saved.add(job.id));
  return link;
}

export function percentOf(job: Job): string {
  return job.total ? `${Math.floor((100 * job.done) / job.total)} %` : "";
}

/** The page's title says how far the job is that is painted now. */
function showTitle(jobs: Job[]): void {
  const busy = jobs.find((job) => job.state === "painting") ?? jobs.find((job) => job.state === "waiting");
  const done = jobs.some((job) => job.state === "done" && !saved.has(job.id));
  const plain = "Impasto · paint any clip in the manner of any picture";
  document.title = busy ? `${percentOf(busy) || "Waiting"} · Impasto` : done ? "Done · Impasto" : plain;
}
