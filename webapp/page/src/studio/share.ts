// A painting given away: on phones to another app, elsewhere as a link.
import { byId, make } from "../ui/dom";
import { paintedOf, saved } from "./server";
import type { Job } from "./types";

const TYPES: Record<string, string> = { mp4: "video/mp4", jpg: "image/jpeg", png: "image/png", gif: "image/gif" };

/** A button that gives a job's painting away; null where the browser can do neither. */
export function shareButton(job: Job): HTMLButtonElement | null {
  const name = job.files.at(-1) ?? "";
  const type = TYPES[name.split(".").at(-1) ?? ""];
  const touch = matchMedia("(pointer: coarse)").matches;
  if (touch && type && navigator.canShare?.({ files: [new File([], name, { type })] })) return sharing(job, name, type);
  return navigator.clipboard ? copying(job) : null;
}

function button(job: Job, words: string): HTMLButtonElement {
  return make("button", {
    type: "button",
    className: "secondary",
    textContent: words,
    data: { focus: `${job.id} share` },
  });
}

function sharing(job: Job, name: string, type: string): HTMLButtonElement {
  const share = button(job, "Share");
  let file: File | null = null;
  const give = async (): Promise<void> => {
    if (!file) {
      const answer = await fetch(paintedOf(job, job.files.length - 1));
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      file = new File([await answer.blob()], name, { type });
    }
    await navigator.share({ files: [file] });
    saved.add(job.id);
  };
  share.addEventListener("click", () => {
    give().catch((error: Error) => {
      if (error.name === "AbortError") return; // thought better of it
      // Where fetching took longer than a press counts, the next one shares what is there now.
      share.textContent = error.name === "NotAllowedError" && file ? "Share now" : "Not shared; try again";
    });
  });
  return share;
}

function copying(job: Job): HTMLButtonElement {
  const copy = button(job, "Copy link");
  copy.addEventListener("click", () => {
    navigator.clipboard.writeText(new URL(`#job=${job.id}`, location.href).href).then(
      () => {
        copy.textContent = "Link copied";
        byId("announce").textContent =
          "Link copied. Whoever has it can see this painting and what it was painted from.";
      },
      () => {
        copy.textContent = "Copy it from the address bar";
      },
    );
  });
  return copy;
}
