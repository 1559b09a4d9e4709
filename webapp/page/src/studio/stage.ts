// The stage: one place for the example, the preview, the job on its way and the result, before and after a divider.

import { byId, make, named } from "../ui/dom";
import { paintPoster } from "../ui/stage/poster";
import { bindCloseup } from "./closeup";
import { bindDivider } from "./divider";
import exampleAfter from "./example/painted.mp4";
import exampleBefore from "./example/source.mp4";
import { downloadLink } from "./job-list";
import { createLayers, type Layer, picture, video } from "./layers";
import { frameOf, paintedOf, sourceOf } from "./server";
import { shareButton } from "./share";
import { bindTransport } from "./transport";
import type { Job, Preview } from "./types";

export interface Stage {
  /** A painted clip of ours, moving. */
  showExample(): void;
  showPreview(preview: Preview, caption: string, file: string): void;
  /** A job: what is painted so far, or its result. */
  showJob(job: Job, source: string | null): void;
  /** Words on the picture while something is under way; empty for none. */
  busy(words: string): void;
}

export function createStage(): Stage {
  const frame = byId("frame");
  const layers = createLayers(frame);
  const closeup = bindCloseup();
  const transport = bindTransport();
  bindDivider(frame);
  let showing = "";
  /** The frame of a job that was fetched last, and whether one is being fetched. */
  let [fetched, fetching] = ["", false];
  let turn = (_by: number): void => {};
  byId("leaf-back").addEventListener("click", () => turn(-1));
  byId("leaf-on").addEventListener("click", () => turn(1));

  const put = (before: Layer | null, after: Layer, ratio: number, sound = false): void => {
    transport.use(layers.lay(before, after, ratio), sound);
    byId("keep-it").replaceChildren();
    byId("leaf").hidden = true;
  };
  const say = (caption: string, file: string, facts = ""): void => {
    byId("caption").textContent = caption;
    byId("figures").replaceChildren(...named(file, facts));
    if (facts && !facts.startsWith(" "))
      byId("figures").lastElementChild?.before(make("span", { className: "dot", textContent: " · " }));
  };
  const busy = (words: string): void => {
    const box = byId("busy");
    box.textContent = words;
    box.hidden = !words;
  };
  const showResult = (job: Job, source: string | null): void => {
    const start = job.kind === "clip" ? job.asked.start : 0;
    const [width, height] = job.size ?? [16, 9];
    const url = source ?? sourceOf(job);
    if (job.kind === "clip") {
      const before = video(start ? `${url}#t=${start}` : url, "before", start);
      before.addEventListener("error", () => showing === key(job) && alone(job));
      put(before, video(paintedOf(job), "after", 0), width / height, job.sound);
      told(job, 0);
    } else showPicture(job, 0);
    closeup.hide();
  };
  const offer = (job: Job): void => {
    const share = shareButton(job);
    byId("keep-it").replaceChildren(...(share ? [share] : []), downloadLink(job));
  };
  const told = (job: Job, number: number): void => {
    offer(job);
    say(`Painted with ${job.painted_with}`, job.names[number], job.facts);
  };
  /** One of the painted pictures; where there are several, the one before and the next are a press away. */
  const showPicture = (job: Job, number: number): void => {
    const [before, after] = [picture(sourceOf(job, number)), picture(paintedOf(job, number))];
    after.addEventListener("load", () => layers.setRatio(after.naturalWidth / after.naturalHeight));
    before.addEventListener("error", () => {
      if (before.isConnected) layers.uncover(); // a HEIC photograph, which few browsers show: the painting by itself
    });
    put(before, after, layers.ratio || 4 / 3);
    told(job, number);
    const count = job.names.length;
    byId("leaf").hidden = count < 2;
    byId("leaf-words").textContent = `${number + 1} of ${count}`;
    turn = (by) => showPicture(job, (number + by + count) % count);
  };
  /** Where the browser cannot show the source: the painting by itself. */
  const alone = (job: Job): void => {
    const [width, height] = job.size ?? [16, 9];
    put(null, video(paintedOf(job), "after", 0), width / height, job.sound);
    offer(job);
  };
  /** What is painted so far; what was on the stage stays until it is there. */
  const showFrame = async (job: Job): Promise<void> => {
    const mine = showing;
    const address = frameOf(job);
    if (fetching || address === fetched) return; // where they come slowly, some are left out
    fetching = true;
    fetched = address;
    const image = picture(address);
    await image.decode().catch(() => undefined); // the next one will be there
    fetching = false;
    if (showing === mine && image.naturalWidth) put(null, image, image.naturalWidth / image.naturalHeight);
  };
  const showProgress = (job: Job): void => {
    const mine = `${key(job)} on its way`;
    if (showing !== mine) fetched = "";
    showing = mine;
    if (job.frame) void showFrame(job);
    closeup.hide();
    say(
      `${job.state === "waiting" ? "Waits to be painted" : "Being painted"} with ${job.painted_with}`,
      job.names.join(", "),
    );
  };

  return {
    busy,
    showExample() {
      if (showing === "example") return;
      showing = "example";
      document.body.dataset.stage = "example";
      const poster = make("canvas"); // until they are there, and where they cannot be played
      byId("under").replaceChildren(poster);
      paintPoster(poster);
      const clips = [video(exampleBefore, "before", 0), video(exampleAfter, "after", 0)];
      for (const clip of clips) Object.assign(clip, { muted: true, loop: true, autoplay: true });
      put(clips[0], clips[1], 16 / 9);
      closeup.hide();
      say("Left a clip, right the same in the manner of The Starry Night", "A harbour, drawn by code");
      transport.play();
    },
    showPreview(preview, caption, file) {
      showing = "preview";
      document.body.dataset.stage = "preview";
      put(picture(preview.before), picture(preview.after), preview.width / preview.height);
      closeup.show(preview.after, preview.width, preview.height);
      say(caption, file, ` at ${preview.width}×${preview.height}`);
    },
    showJob(job, source) {
      document.body.dataset.stage = job.state === "done" ? "result" : "job";
      byId("progress").hidden = job.state !== "painting" && job.state !== "waiting";
      if (job.state !== "done") return showProgress(job);
      if (showing === key(job)) return;
      showing = key(job);
      showResult(job, source);
    },
  };
}

const key = (job: Job): string => `job ${job.id}`;
