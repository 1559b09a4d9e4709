// The page's side of studying: a worker that learns, fed with frames of what is painted, and watched for silence.
import { createSilence, LOOK_EVERY } from "../silence";
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

/** What is heard of a study: what its worker says, and that it has said nothing for a minute, or speaks again. */
export type StudyNews = FromStudy | { kind: "silence"; over: boolean };

/** Begins to study; `heard` is told what comes of it. The last message is "done" or "trouble". */
export function startStudy(wish: StudyWish, heard: (message: StudyNews) => void): Study {
  const silence = createSilence();
  let owes = false; // a frame, or the end, was asked for since the last word
  const worker = openWorker((message) => {
    owes = false;
    if (silence.heard()) heard({ kind: "silence", over: true });
    if (message.kind === "done" || message.kind === "trouble") close();
    heard(message);
  });
  const watch = setInterval(() => {
    if (silence.look(owes && !document.hidden)) heard({ kind: "silence", over: false });
  }, LOOK_EVERY);
  const close = (): void => {
    clearInterval(watch);
    worker.terminate();
  };
  const tell = (message: ToStudy, transfer: Transferable[] = []): void => {
    owes = true;
    worker.postMessage(message, transfer);
  };
  tell({ kind: "study", wish }, [wish.picture]);
  return {
    frame: (frame) => tell({ kind: "frame", frame }, [frame]),
    enough: () => tell({ kind: "enough" }),
    close,
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
