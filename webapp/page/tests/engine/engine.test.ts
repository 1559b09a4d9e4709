// What the page does about a worker that ended, or says nothing any more.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createEngine, type TestedEngine } from "../../src/engine/engine";
import type { ToPage, ToWorker } from "../../src/engine/messages";
import { LOOK_EVERY } from "../../src/engine/silence";
import type { EngineEvent, Frame, ModelDescription, PageConfig } from "../../src/types";

class FakeWorker {
  onmessage: (event: { data: ToPage }) => void = () => {};
  onerror: () => void = () => {};
  ended = false;
  heard: ToWorker[] = [];
  constructor() {
    workers.push(this);
  }
  postMessage(message: ToWorker) {
    if (!this.ended) this.heard.push(message);
  }
  terminate() {
    this.ended = true;
  }
  say(data: ToPage) {
    this.onmessage({ data });
  }
  /** Answers the last question. */
  answer(value: "wasm") {
    const asked = this.heard.findLast((message) => message.kind === "ask");
    this.say({ kind: "answer", id: asked!.id, value });
  }
  paints() {
    this.say({ kind: "canvas please" });
    this.say({ kind: "backend", backend: "wasm", detail: "", why: null });
  }
}

const MINUTE = 60_000;
const size = { width: 128, height: 128 };
const frame = { close() {} } as Frame;
let workers: FakeWorker[];
let engine: TestedEngine;
let silences: boolean[];
let events: EngineEvent[];
let page: { hidden: boolean };

beforeEach(() => {
  vi.useFakeTimers();
  [workers, events, silences] = [[], [], []];
  page = { hidden: false };
  const canvas = { transferControlToOffscreen: () => ({}), replaceWith() {} };
  vi.stubGlobal("Worker", FakeWorker);
  vi.stubGlobal("document", Object.assign(page, { baseURI: "http://localhost/", createElement: () => canvas }));
  engine = createEngine({ append() {} } as unknown as HTMLElement, {} as PageConfig, {} as ModelDescription);
  engine.on((event) => {
    events.push(event);
    if (event.kind === "silence") silences.push(event.over);
  });
  workers[0].paints();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("after its worker failed the engine starts again, with a fresh one that is told what the first was told", async () => {
  engine.setStyle(Float32Array.of(1), {});
  engine.setStyle(Float32Array.of(2), {});
  engine.setStability(0.5);
  engine.setView({ mirror: true });
  const open = engine.snapshot();
  workers[0].onerror();
  await expect(open).rejects.toThrow("could not be started");
  expect(events.at(-1)).toMatchObject({ kind: "trouble", fatal: true });
  expect([engine.backend, engine.free, workers[0].ended]).toEqual([null, false, true]);

  const started = engine.start("auto");
  const [first, ...rest] = workers[1].heard;
  expect(first.kind).toBe("init");
  expect(rest).toContainEqual({ kind: "style", style: Float32Array.of(2), brush: {} });
  expect(rest.filter(({ kind }) => kind === "style")).toHaveLength(1);
  expect(rest).toContainEqual({ kind: "stability", stability: 0.5 });
  expect(rest).toContainEqual({ kind: "view", view: expect.objectContaining({ mirror: true }) });
  workers[0].paints(); // what was on its way from the first counts no more
  expect(engine.backend).toBe(null);
  workers[1].paints();
  workers[1].answer("wasm");
  await expect(started).resolves.toBe("wasm");
  expect(engine.free).toBe(true);
});

test("a worker that owes a frame and says nothing for a minute is told of once, and again when it speaks", () => {
  engine.show(frame, size, 1);
  vi.advanceTimersByTime(MINUTE - 1);
  expect(silences).toEqual([]);
  vi.advanceTimersByTime(3 * MINUTE);
  expect(silences).toEqual([false]);
  workers[0].say({ kind: "shown", time: 1, size, paintMs: 1 });
  expect(silences).toEqual([false, true]);
  vi.advanceTimersByTime(3 * MINUTE); // it owes nothing
  expect(silences).toEqual([false, true]);
});

test("no silence is one that is owed to something else than the worker", () => {
  engine.show(frame, size, 1);
  for (let second = 0; second < 300; second += 30) {
    vi.advanceTimersByTime(30_000);
    workers[0].say({ kind: "event", event: { kind: "download", file: "a", loaded: second, total: 300 } });
  }
  workers[0].say({ kind: "event", event: { kind: "waiting", place: 2 } }); // in the server's line
  vi.advanceTimersByTime(5 * MINUTE);
  workers[0].say({ kind: "shown", time: 1, size, paintMs: 1 });
  page.hidden = true;
  engine.show(frame, size, 2);
  vi.advanceTimersByTime(5 * MINUTE);
  page.hidden = false;
  vi.setSystemTime(Date.now() + 30 * MINUTE); // the machine slept
  vi.advanceTimersByTime(LOOK_EVERY);
  expect(silences).toEqual([]);
});

test("what is given up is begun anew by the next start", async () => {
  const stuck = engine.start("auto");
  engine.giveUp();
  await expect(stuck).rejects.toThrow("try again");
  expect(workers[0].ended).toBe(true);
  void engine.start("auto");
  expect(workers[1].heard.map(({ kind }) => kind)).toEqual(["init", "ask"]);
});
