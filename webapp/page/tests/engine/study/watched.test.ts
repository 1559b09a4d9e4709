import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { FromStudy, StudyWish } from "../../../src/engine/study/messages";
import { type StudyNews, startStudy } from "../../../src/engine/study/study";

const MINUTE = 60_000;
let worker: { onmessage(event: { data: FromStudy }): void; terminate(): void };
let news: StudyNews[];

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("document", { hidden: false });
  vi.stubGlobal(
    "Worker",
    class {
      postMessage = vi.fn();
      terminate = vi.fn();
      constructor() {
        worker = this as unknown as typeof worker;
      }
    },
  );
  news = [];
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const begin = () => startStudy({} as StudyWish, (message) => news.push(message));
const says = (message: FromStudy) => worker.onmessage({ data: message });
const preparing: FromStudy = { kind: "preparing", place: "wasm" };

test("a study that says nothing for a minute is told, once, and that it speaks again", () => {
  begin();
  vi.advanceTimersByTime(3 * MINUTE);
  expect(news).toEqual([{ kind: "silence", over: false }]);
  says(preparing);
  expect(news.slice(1)).toEqual([{ kind: "silence", over: true }, preparing]);
});

test("where no frames come, nothing is owed; one that ended is watched no more", () => {
  const study = begin();
  says(preparing);
  vi.advanceTimersByTime(3 * MINUTE);
  study.frame({} as ImageBitmap);
  says({ kind: "trouble", sentence: "ended" });
  vi.advanceTimersByTime(3 * MINUTE);
  expect(news.map(({ kind }) => kind)).toEqual(["preparing", "trouble"]);
  expect(vi.getTimerCount()).toBe(0);
});
