// The list of jobs: how far each is, and what can be done about it.
import { byId, make, named } from "../ui/dom";
import { icon } from "../ui/icons";
import { enough, paintedOf, saved } from "./server";
import { isOver, type Studio } from "./state";
import type { Job, StudioConfig } from "./types";

export interface RowHandlers {
  again(job: Job): void;
  chosenTitle(): string;
  changed(): void;
  say(sentence: string): void;
  remove(job: Job): void;
  mine(job: Job): boolean;
}

export function showList(jobs: Job[], studio: Studio, config: StudioConfig, on: RowHandlers): void {
  byId("jobs").hidden = jobs.length === 0;
  const list = byId("job-list");
  const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.focus : undefined;
  const there = new Map([...list.children].map((each) => [(each as HTMLElement).dataset.job, each as HTMLLIElement]));
  const rows = [...jobs].reverse().map((job) => kept(there.get(job.id), row(job, studio, on)));
  if (rows.length !== list.children.length || rows.some((each, i) => each !== list.children[i]))
    list.replaceChildren(...rows);
  if (focused) list.querySelector<HTMLElement>(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
  byId("jobs-hint").textContent =
    `Painting goes on for ${config.grace} after you close this page. What is painted stays ${config.kept}; whoever has its link can see it.`;
}

/** The row that is there, with the words of the new one, where both offer the same: a button must not go while it is pressed. */
function kept(old: HTMLLIElement | undefined, fresh: HTMLLIElement): HTMLLIElement {
  const offers = (row: HTMLLIElement): string =>
    [row.className, ...[...row.querySelectorAll("[aria-label]")].map((each) => each.ariaLabel)].join("\n");
  if (!old || offers(old) !== offers(fresh)) return fresh;
  old.querySelector(".what")?.replaceWith(fresh.querySelector(".what") ?? "");
  return old;
}

function row(job: Job, studio: Studio, on: RowHandlers): HTMLLIElement {
  const study = job.kind === "study";
  const sources = job.names.length > 1 ? `${job.names.length} pictures` : job.names[0];
  const name = study ? job.painted_with : sources;
  const rest = study ? (job.state === "done" ? ", studied" : ", being studied") : `, ${job.painted_with}`;
  const told: Record<Job["state"], string> = {
    waiting: job.words,
    painting: [percentOf(job), job.words].filter(Boolean).join(", "),
    done: job.facts,
    failed: `That did not work. ${job.words}`,
    cancelled: "Cancelled",
  };
  const words = make("span", { className: "what" }, make("b", {}, ...named(name, rest)));
  words.append(make("span", { className: "hint", textContent: told[job.state] }));
  const item = make("li", { className: job.state, data: { job: job.id } }, words);
  const add = (label: string, act: (button: HTMLButtonElement) => void, kind = "secondary"): void => {
    const button = make("button", {
      type: "button",
      className: kind,
      textContent: label,
      data: { focus: `${job.id} ${label}` },
    });
    button.setAttribute("aria-label", `${label}: ${name}${rest}`);
    button.addEventListener("click", () => button.ariaDisabled !== "true" && act(button));
    item.append(button);
  };
  const onStage = studio.get().shown === job.id;
  if (study && job.state === "painting" && job.done > 0 && on.mine(job))
    // there is something to keep
    add("Enough", (button) => {
      button.ariaDisabled = "true"; // what was learnt is being kept; it stays focused
      enough(job.id).catch((error: Error) => on.say(error.message));
    });
  if (!study && !onStage && (job.state === "done" || !isOver(job))) add("Show", () => studio.set({ shown: job.id }));
  if (job.state === "done" && !onStage) item.append(downloadLink(job)); // there it has one already
  const other = on.chosenTitle();
  if (!study && on.mine(job) && job.state === "done" && other !== job.painted_with)
    add(`Paint in ${studio.get().mix.length > 1 ? "this blend" : other}`, () => on.again(job));
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
      away.setAttribute("aria-label", `${label}: ${name}${rest}`);
      away.addEventListener("click", () => on.remove(job));
      item.append(away);
    } else if (!onStage) add(label, () => on.remove(job)); // there it stands beside the progress
  }
  return item;
}

/** Saves a job's file; of several pictures, all of them in a ZIP. */
export function downloadLink(job: Job): HTMLAnchorElement {
  const last = job.files.length - 1;
  const link = make("a", {
    className: "primary download",
    href: `${paintedOf(job, last)}?download=true`,
    textContent: job.kind === "study" ? "Download the style" : "Download",
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
