// The page's side of studying: a worker that learns, fed with frames of what is painted.
import type { Batch } from "./contents";
import type { FromStudy, StudyWish, ToStudy } from "./messages";
import type { Targets } from "./sessions";

export interface Study {
  /** A frame to study on; it is handed over. */
  frame(frame: ImageBitmap): void;
  /** Ends it; what was learnt comes as "done". */
  enough(): void;
  /** Ends it at once; nothing comes any more. */
  close(): void;
}

/** Begins to study; `heard` is told what comes of it. The last message is "done" or "trouble". */
export function startStudy(wish: StudyWish, heard: (message: FromStudy) => void): Study {
  const worker = openWorker((message) => {
    if (message.kind === "done" || message.kind === "trouble") worker.terminate();
    heard(message);
  });
  worker.postMessage({ kind: "study", wish } satisfies ToStudy, [wish.picture]);
  return {
    frame: (frame) => worker.postMessage({ kind: "frame", frame } satisfies ToStudy, [frame]),
    enough: () => worker.postMessage({ kind: "enough" } satisfies ToStudy),
    close: () => worker.terminate(),
  };
}

/** For tests: one step on each of the batches, at these shares of a study. Rejects with a sentence. */
export function studySteps(
  wish: Omit<StudyWish, "picture">,
  targets: Targets,
  batches: Batch[],
  shares: number[],
): Promise<Extract<FromStudy, { kind: "steps" }>> {
  return new Promise((resolve, reject) => {
    const worker = openWorker((message) => {
      if (message.kind === "steps") resolve(message);
      else if (message.kind === "trouble") reject(new Error(message.sentence));
      else return;
      worker.terminate();
    });
    worker.postMessage({ kind: "steps", wish, targets, batches, shares } satisfies ToStudy);
  });
}

function openWorker(heard: (message: FromStudy) => void): Worker {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  worker.onmessage = ({ data }: MessageEvent<FromStudy>) => heard(data);
  worker.onerror = () => heard({ kind: "trouble", sentence: "Studying could not be started; reload the page." });
  return worker;
}
