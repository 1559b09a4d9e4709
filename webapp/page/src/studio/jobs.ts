// The jobs of this visitor: heard of from the server, listed with what can be done about them, told when one is done.
import { ask } from "../ui/ask";
import { byId } from "../ui/dom";
import { wouldBeLost } from "../ui/status/leaving";
import { percentOf, showList } from "./job-list";
import { getJob, listen, Refusal, removeJob, saved } from "./server";
import { isOver, type Studio } from "./state";
import type { Job, StudioConfig } from "./types";

const AGAIN_SOON = 400; // milliseconds between two requests for news
const AGAIN_LATER = 4000; // after one that failed

export interface Jobs {
  all(): Job[];
  add(job: Job): void;
  /** The job on the stage, by the address of the page. */
  find(id: string): Job | undefined;
  /** Whether it is this visitor's own. */
  mine(job: Job): boolean;
  /** Cancels a job that waits or is painted, or removes one that is over; asks first where something would be lost. */
  remove(job: Job): Promise<void>;
}

interface Handlers {
  /** Paints the job's sources once more as the styles are chosen now. */
  again(job: Job): void;
  chosenTitle(): string;
  changed(): void;
  /** News of all jobs, for the studies among them. */
  studies(jobs: Job[]): void;
  say(sentence: string): void;
  /** The server stopped answering, or answers again. */
  connection(there: boolean): void;
}

export function createJobs(studio: Studio, config: StudioConfig, on: Handlers): Jobs {
  let jobs: Job[] = [];
  /** What the visitor took away: nobody needs to be told that it is gone. */
  const removed = new Set<string>();
  let guest: Job | null = null; // of another visitor, or from before: known by its id alone
  const all = (): Job[] => (guest && !jobs.some(({ id }) => id === guest?.id) ? [...jobs, guest] : jobs);

  const take = (next: Job[]): void => {
    for (const job of next) {
      const before = jobs.find(({ id }) => id === job.id);
      if (before && !isOver(before) && isOver(job)) tellOver(job);
    }
    const { shown } = studio.get();
    const gone = shown && jobs.some(({ id }) => id === shown) && !next.some(({ id }) => id === shown);
    jobs = next;
    if (jobs.some(({ id }) => id === guest?.id)) guest = null; // it is the visitor's own
    show();
    on.studies(jobs);
    on.changed();
    if (gone) {
      studio.set({ shown: null });
      if (!removed.has(shown)) on.say("This painting is no longer on the server; please paint it again.");
    }
  };
  const show = (): void => {
    showList(all(), studio, config, { ...on, remove, mine });
    showTitle(all());
    watchLoss();
  };
  const watchLoss = (): void =>
    wouldBeLost(
      "job",
      jobs.some((job) => !isOver(job) || (job.state === "done" && !saved.has(job.id))),
    );
  const mine = (job: Job): boolean => jobs.some(({ id }) => id === job.id);
  const remove = async (job: Job): Promise<void> => {
    const unsaved = job.state === "done" && !saved.has(job.id);
    const [what, doing, done] =
      job.kind === "study" ? ["study", "studying", "learnt"] : ["painting", "painting", "painted"];
    const question = isOver(job)
      ? { title: `Remove this ${what}?`, words: "It has not been downloaded yet.", yes: "Remove it" }
      : { title: `Stop ${doing}?`, words: `What was ${done} so far will be gone.`, yes: "Stop" };
    if ((unsaved || !isOver(job)) && !(await ask({ ...question, no: "Keep it" }))) return;
    if (studio.get().shown === job.id && isOver(job)) studio.set({ shown: null });
    removed.add(job.id); // also where it was done while the question stood there
    await removeJob(job.id).catch((error: Error) => on.say(error.message));
  };
  const hear = async (): Promise<never> => {
    let version = -1;
    let there = true;
    for (;;) {
      try {
        const news = await listen(version);
        version = news.version;
        if (!there) on.connection(true);
        there = true;
        take(news.jobs);
        await pause(AGAIN_SOON);
      } catch {
        if (there) on.connection(false);
        there = false;
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

  studio.on((now, before) => {
    if (now.mix !== before.mix || now.shown !== before.shown) show();
    if (now.shown && now.shown !== before.shown && !jobs.some(({ id }) => id === now.shown)) visit(now.shown);
  });
  saved.on(watchLoss);
  hear();
  const first = studio.get().shown;
  if (first) setTimeout(() => visit(first), AGAIN_SOON);
  return {
    all,
    add: (job) => take([...jobs.filter(({ id }) => id !== job.id), job]),
    find: (id) => all().find((job) => job.id === id),
    mine,
    remove,
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

/** The page's title says how far the job is that is painted now. */
function showTitle(jobs: Job[]): void {
  const busy = jobs.find((job) => job.state === "painting") ?? jobs.find((job) => job.state === "waiting");
  const done = jobs.some((job) => job.state === "done" && !saved.has(job.id));
  const plain = "Impasto · paint any clip in the manner of any picture";
  document.title = busy ? `${percentOf(busy) || "Waiting"} · Impasto` : done ? "Done · Impasto" : plain;
}
