// The page's side of the engine: a worker that paints, and its canvas in the page.
import type { Backend, Crop, Engine, EngineEvent, Frame, ModelDescription, PageConfig, Size, View } from "../types";
import { type Answers, type Question, type ToPage, type ToWorker, transfers } from "./messages";
import { PLAIN_VIEW } from "./painters/painter";
import { createSilence, LOOK_EVERY } from "./silence";
import { Trouble } from "./trouble";

/** The engine, and what only tests ask for. */
export interface TestedEngine extends Engine {
  /** Painted values of a frame, or a crop of it, before they are rounded: RGB planes [3,H,W]. Closes the frame. */
  values(frame: Frame, size: Size, crop?: Crop): Promise<Float32Array>;
}

interface Asked {
  resolve(value: never): void;
  reject(error: Error): void;
}

/** What a fresh worker is told again, once it was told to the one before. */
const LASTING = ["style", "behind", "stability", "view", "capture"] as const;

/** Paints into a canvas inside `host`. Nothing is downloaded before `start`; a worker that ended is replaced by the next question. */
export function createEngine(host: HTMLElement, config: PageConfig, model: ModelDescription): TestedEngine {
  let worker: Worker | null = null;
  const told = new Map<ToWorker["kind"], ToWorker>();
  const silence = createSilence();
  /** Waiting in the server's line, which may take as long as it likes. */
  let inLine = false;
  const listeners = new Set<(event: EngineEvent) => void>();
  const asked = new Map<number, Asked>();
  let questions = 0;
  let backend: Backend | null = null;
  let canvas: HTMLCanvasElement | null = null;
  let nextCanvas: HTMLCanvasElement | null = null;
  let view: View = PLAIN_VIEW;
  /** When the frames in the painter were taken, and whether it takes another beside them. */
  const showing = new Set<number>();
  let room = false;
  const capturing = new Set<(frame: VideoFrame, at: number) => void>();

  const post = (to: Worker | null, message: ToWorker) => to?.postMessage(message, transfers(message));
  const send = (message: ToWorker) => {
    if ((LASTING as readonly string[]).includes(message.kind)) told.set(message.kind, message);
    post(worker, message);
  };
  const emit = (event: EngineEvent) => {
    for (const listener of listeners) listener(event);
  };
  const ask = <Q extends Question>(question: Q): Promise<Answers[Q["kind"]]> =>
    new Promise((resolve, reject) => {
      worker ??= openWorker();
      asked.set(++questions, { resolve, reject });
      send({ kind: "ask", id: questions, question });
    });

  const isFree = () => backend !== null && (showing.size === 0 || room);

  const giveCanvas = () => {
    nextCanvas = document.createElement("canvas");
    send({ kind: "canvas", canvas: nextCanvas.transferControlToOffscreen() });
  };
  const changeBackend = (message: Extract<ToPage, { kind: "backend" }>) => {
    ({ backend } = message);
    if (canvas) canvas.replaceWith(nextCanvas!);
    else host.append(nextCanvas!);
    canvas = nextCanvas!;
    emit({ ...message, canvas });
  };
  const shown = ({ time, size, paintMs }: Extract<ToPage, { kind: "shown" }>) => {
    if (time === null) return showing.clear();
    showing.delete(time);
    if (size) emit({ kind: "painted", size, paintMs, latencyMs: performance.now() - time });
  };
  const hasRoom = () => {
    room = true;
    emit({ kind: "room" });
  };
  const drawn = ({ frame, time }: Extract<ToPage, { kind: "drawn" }>) => {
    for (const listener of capturing) listener(frame.clone(), time ?? performance.now());
    frame.close();
  };
  const answered = (message: Extract<ToPage, { kind: "answer" }>) => {
    const question = asked.get(message.id);
    asked.delete(message.id);
    if ("value" in message) question?.resolve(message.value as never);
    else question?.reject(new Trouble(message.sentence));
  };
  const stop = (sentence: string) => {
    worker?.terminate();
    worker = null;
    backend = null;
    inLine = false;
    showing.clear();
    silence.heard();
    for (const { reject } of asked.values()) reject(new Trouble(sentence));
    asked.clear();
  };
  const heard = (data: ToPage) => {
    if (silence.heard()) emit({ kind: "silence", over: true });
    if (data.kind === "answer") answered(data);
    else if (data.kind === "canvas please") giveCanvas();
    else if (data.kind === "backend") changeBackend(data);
    else if (data.kind === "shown") shown(data);
    else if (data.kind === "room") hasRoom();
    else if (data.kind === "drawn") drawn(data);
    else emit(data.event);
    if (data.kind === "event") inLine = data.event.kind === "waiting";
  };
  const openWorker = (): Worker => {
    const opened = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    opened.onmessage = ({ data }: MessageEvent<ToPage>) => opened === worker && heard(data);
    opened.onerror = () => {
      if (opened !== worker) return;
      const sentence = "The part of the page that paints could not be started; reload the page.";
      stop(sentence);
      emit({ kind: "trouble", sentence, fatal: true, passing: false });
    };
    post(opened, { kind: "init", base: document.baseURI, config, model });
    for (const message of told.values()) post(opened, message);
    return opened;
  };
  setInterval(() => {
    const owes = !document.hidden && !inLine && showing.size + asked.size > 0;
    if (silence.look(owes)) emit({ kind: "silence", over: false });
  }, LOOK_EVERY);
  worker = openWorker();

  return {
    get backend() {
      return backend;
    },
    model,
    get canvas() {
      return canvas;
    },
    get free() {
      return isFree();
    },
    start: (prefer) => ask({ kind: "start", prefer }),
    encode: (picture) => ask({ kind: "encode", picture }),
    readStyle: (file, shown) => ask({ kind: "readStyle", file, shown }),
    readBuiltIn: (file, shown) => ask({ kind: "readBuiltIn", file, shown }),
    setStyle(style, brush = {}) {
      send({ kind: "style", style, brush });
      emit({ kind: "stale" });
    },
    setBehind(style, brush = {}) {
      send({ kind: "behind", style, brush });
      if (view.who === "each") emit({ kind: "stale" });
    },
    setView(change) {
      const before = view;
      view = { ...view, ...change };
      send({ kind: "view", view });
      if (view.mirror !== before.mirror || view.who !== before.who) emit({ kind: "stale" });
    },
    setStability: (stability) => send({ kind: "stability", stability }),
    show(frame, size, capturedAt, crop) {
      if (!isFree()) {
        frame.close();
        return false;
      }
      room = false;
      showing.add(capturedAt);
      send({ kind: "show", frame, size, time: capturedAt, crop });
      return true;
    },
    refresh: () => send({ kind: "refresh" }),
    paint: (frame, size, shown = size) => ask({ kind: "paint", frame, size, shown }),
    values: (frame, size, crop) => ask({ kind: "values", frame, size, crop }),
    snapshot: () => ask({ kind: "snapshot" }),
    capture(listener) {
      capturing.add(listener);
      send({ kind: "capture", on: true });
      return () => {
        if (capturing.delete(listener) && !capturing.size) send({ kind: "capture", on: false });
      };
    },
    reset: () => send({ kind: "reset" }),
    on(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    giveUp: () => stop("The painter was started anew; try again."),
  };
}
