// The painting worker: owns the present painter, and falls back from one painter to the next.
import carryUrl from "../../../../models/person/carry.onnx?url";
import personUrl from "../../../../models/person/person.onnx?url";
import type { Backend, Crop, Frame, PageConfig, Size, StyleFile, View } from "../types";
import { candidates, createSlownessCheck, slowerThan, whySentence } from "./backends";
import { type Answers, type Question, type ToPage, type ToWorker, transfers } from "./messages";
import { download } from "./model/download";
import { createEncoder, type Encode } from "./model/encoder";
import type { Brush } from "./model/graph-weights";
import { createModel, type Model } from "./model/model";
import { MAX_BYTES, readStyle } from "./model/style-file";
import { FrameDropped, type Painter, type PainterOptions, PLAIN_VIEW } from "./painters/painter";
import type { PersonGraph } from "./painters/person";
import { isOutOfMemory, sentenceOf, Trouble } from "./trouble";

const UNSTEADY = "The painting cannot be held steady here; each frame is painted by itself.";

const send = (message: ToPage) => postMessage(message, { transfer: transfers(message) });

let base = "";
let config: PageConfig;
let model: Model;
let encoder: Encode;
let painter: Painter | null = null;
let style: { style: Float32Array; brush: Brush } | null = null;
let stability = 0;
let behind: { style: Float32Array; brush: Brush } | null = null;
let view: View = PLAIN_VIEW;
const personGraphs = new Map<PersonGraph, Promise<Uint8Array>>();
let prefer: Backend | "auto" = "auto";
let tooSlow = createSlownessCheck();
let capturing = false;

const progress = (file: string, loaded: number, total: number) =>
  send({ kind: "event", event: { kind: "download", file, loaded, total } });
const trouble = (sentence: string, fatal = false, passing = false) =>
  send({ kind: "event", event: { kind: "trouble", sentence, fatal, passing } });

/** Painting happens one frame after the other, starting one painter after the other. */
function createQueue() {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(job: () => Promise<T>): Promise<T> => {
    const next = last.then(job);
    last = next.catch(() => {});
    return next;
  };
}
let inTurn = createQueue();

/** A frame's work in turn: the next begins when it is done, or already when the painter has room for another. */
function frameInTurn<T>(job: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    void inTurn(async () => {
      const by = painter;
      const work = job();
      work.then(resolve, reject);
      await Promise.race([
        work.catch(() => {}),
        by?.room?.().then(() => send({ kind: "room" })) ?? work.catch(() => {}),
      ]);
    });
  });
}

const startInTurn = createQueue();

/** What a frame in the making must not notice. */
const betweenFrames = (change: (by: Painter) => void): void => {
  void inTurn(async () => painter && change(painter));
};

let canvasGiven: (canvas: OffscreenCanvas) => void = () => {};
const askCanvas = () =>
  new Promise<OffscreenCanvas>((resolve) => {
    canvasGiven = resolve;
    send({ kind: "canvas please" });
  });

/** The graphs by which people are found. Their addresses name their content. */
function personGraph(graph: PersonGraph): Promise<Uint8Array> {
  const url = new URL({ person: personUrl, carry: carryUrl }[graph], base).href;
  const asked =
    personGraphs.get(graph) ??
    download({ url, key: "", bytes: 0 }, checkGraph, progress).then((bytes) => new Uint8Array(bytes));
  personGraphs.set(graph, asked);
  asked.catch(() => personGraphs.delete(graph)); // so that asking again tries again
  return asked;
}

/** ONNX files begin with their version, the field 1 of a protocol buffer: anything else is a page of a server without it. */
async function checkGraph(bytes: ArrayBuffer): Promise<void> {
  if (new Uint8Array(bytes)[0] !== 8) throw new Trouble("What finds people arrived damaged; reload the page.");
}

async function open(backend: Backend): Promise<Painter> {
  let opened: Painter | null = null;
  const options: PainterOptions = {
    downloads: { base, progress },
    model,
    config,
    stability,
    forced: prefer === backend,
    canvas: askCanvas,
    failed: (error, again) => void (opened && opened === painter && fallBack(opened, error, again)),
    drawn(canvas, time) {
      if (capturing) send({ kind: "drawn", frame: new VideoFrame(canvas, { timestamp: 0 }), time });
    },
    waiting: (place) => send({ kind: "event", event: { kind: "waiting", place } }),
    trouble: (sentence, passing) => trouble(sentence, false, passing),
    person: personGraph,
    personFound: (found) => send({ kind: "event", event: { kind: "person", found } }),
    unsteady: () => send({ kind: "event", event: { kind: "note", sentence: UNSTEADY } }),
  };
  // Each painter's code is downloaded only when it is used.
  if (backend === "webgpu") opened = await (await import("./painters/webgpu/webgpu")).openWebGpu(options);
  else if (backend === "wasm") opened = await (await import("./painters/canvas/wasm")).openWasm(options);
  else opened = await (await import("./painters/remote/server")).openServer(options);
  return opened;
}

/** What could not paint, in words. */
function reasonOf(error: unknown, backend: Backend): string {
  if (isOutOfMemory(error)) return "The memory of this machine is full";
  const names = {
    webgpu: "The graphics card failed",
    wasm: "The processor painter failed",
    server: "The server cannot be reached",
  };
  return sentenceOf(error, names[backend]);
}

/** Opens the first of these painters that works. `reason`: why it is not the one before. Throws `Trouble` when none does. */
async function openFirst(backends: Backend[], reason: string | null): Promise<Backend> {
  const reasons: string[] = reason ? [reason] : [];
  for (const backend of backends) {
    try {
      send({ kind: "event", event: { kind: "opening", backend } });
      const next = await open(backend);
      painter?.close();
      painter = next;
      tooSlow = createSlownessCheck();
      next.setView(view);
      next.setStability(stability);
      if (style) next.setStyle(style.style, style.brush);
      if (behind) next.setBehind(behind.style, behind.brush);
      const why = reasons.length ? whySentence(reasons[0], backend) : null;
      send({ kind: "backend", backend, detail: next.detail, why });
      return backend;
    } catch (error) {
      if (!(error instanceof Trouble)) console.warn(`${backend}:`, error);
      reasons.push(reasonOf(error, backend));
    }
  }
  const sentence = [...new Set(reasons)].map((each) => each.replace(/\.?$/, ".")).join(" ");
  trouble(sentence, painter === null);
  throw new Trouble(sentence);
}

function start(wanted: Backend | "auto"): Promise<Backend> {
  return startInTurn(async () => {
    if (painter && painter.backend === wanted) return wanted;
    prefer = wanted;
    return openFirst(candidates(wanted, config.server !== null), null);
  });
}

/** Gives up the present painter at run time; with `again` another of its kind is tried first. */
function fallBack(from: Painter, error: unknown, again = false): Promise<unknown> {
  if (!(error instanceof Trouble)) console.warn(`${from.backend}:`, error);
  return startInTurn(async () => {
    if (painter !== from) return;
    painter = null;
    inTurn = createQueue(); // what the lost painter still owes may never come
    send({ kind: "shown", time: null, size: null, paintMs: 0 });
    from.close();
    const left = slowerThan(from.backend, config.server !== null);
    await openFirst(again ? [from.backend, ...left] : left, reasonOf(error, from.backend));
  }).catch(() => {}); // said already
}

/** Moves on from a painter that is too slow, if there is another and nobody chose this one by hand. */
function checkSpeed(from: Painter, paintMs: number): void {
  const left = slowerThan(from.backend, config.server !== null);
  if (!tooSlow(paintMs) || prefer !== "auto" || from !== painter || left.length === 0) return;
  tooSlow = () => false;
  const names = { webgpu: "The graphics card", wasm: "The processor", server: "The server" };
  startInTurn(() => openFirst(left, `${names[from.backend]} is too slow for this`)).catch(() => {}); // said already
}

async function show(frame: Frame, size: Size, time: number, crop?: Crop): Promise<void> {
  const by = painter;
  if (!by || !style) {
    frame.close();
    return send({ kind: "shown", time, size: null, paintMs: 0 });
  }
  try {
    const paintMs = await by.show(frame, size, time, crop);
    send({ kind: "shown", time, size, paintMs });
    checkSpeed(by, paintMs);
  } catch (error) {
    send({ kind: "shown", time, size: null, paintMs: 0 });
    if (!(error instanceof FrameDropped) && by === painter) await fallBack(by, error);
  }
}

async function encode(picture: ImageBitmap): Promise<Float32Array> {
  try {
    try {
      return await encoder(picture);
    } catch (error) {
      if (!painter?.encode) throw error;
      return await painter.encode(picture);
    }
  } finally {
    picture.close();
  }
}

async function read(file: Blob, shown: string): Promise<StyleFile> {
  const most = file.slice(0, MAX_BYTES + 1); // whatever else was dropped is not taken into memory
  return checked(new Uint8Array(await most.arrayBuffer()), shown);
}

/** The style of a file's bytes. It must fit T's weights, which all of these graphs have. */
async function checked(bytes: Uint8Array<ArrayBuffer>, shown: string): Promise<StyleFile> {
  const graph = await model.file("frame_fp16", "frame", "step_fp16", "step");
  return readStyle(bytes, model.description, graph, shown);
}

/** A painter that has a style. */
function ready(): Painter {
  if (!painter) throw new Trouble("Nothing is ready to paint yet.");
  if (!style) throw new Trouble("Choose a style before painting.");
  return painter;
}

/** Paints a frame that must not be lost: falls to the next painter and says so when the present one fails. */
async function paint(question: Extract<Question, { kind: "paint" | "values" }>): Promise<VideoFrame | Float32Array> {
  const by = ready();
  const { frame, size } = question;
  try {
    return await (question.kind === "paint"
      ? by.paint(frame, size, question.shown)
      : by.values(frame, size, question.crop));
  } catch (error) {
    if (error instanceof FrameDropped) throw new Trouble("The server did not answer in time; try again.");
    if (error instanceof Trouble) throw error;
    await fallBack(by, error);
    throw new Trouble(`${reasonOf(error, by.backend)}; try again.`);
  } finally {
    frame.close();
  }
}

async function reply(question: Question): Promise<Answers[keyof Answers]> {
  switch (question.kind) {
    case "start":
      return start(question.prefer);
    case "encode":
      return encode(question.picture);
    case "readStyle":
      return read(question.file, question.shown);
    case "readBuiltIn":
      return checked(await model.beside(question.file), question.shown);
    case "paint":
    case "values":
      return frameInTurn(() => paint(question));
    case "snapshot":
      return ready().snapshot();
  }
}

function answer(id: number, question: Question): void {
  reply(question).then(
    (value) => send({ kind: "answer", id, value }),
    (error) => {
      if (!(error instanceof Trouble)) console.warn(`${question.kind}:`, error);
      send({ kind: "answer", id, sentence: sentenceOf(error, "Something unexpected went wrong; reload the page.") });
    },
  );
}

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  switch (data.kind) {
    case "init":
      ({ base, config } = data);
      model = createModel(new URL(`models/${config.models[0]}/`, base).href, data.model, progress);
      encoder = createEncoder({ base, progress }, model);
      break;
    case "ask":
      answer(data.id, data.question);
      break;
    case "canvas":
      canvasGiven(data.canvas);
      break;
    case "style":
      style = data;
      betweenFrames((by) => by.setStyle(data.style, data.brush));
      break;
    case "behind":
      behind = data;
      betweenFrames((by) => by.setBehind(data.style, data.brush));
      break;
    case "stability":
      ({ stability } = data);
      betweenFrames((by) => by.setStability(data.stability));
      break;
    case "view":
      view = data.view;
      painter?.setView(view);
      break;
    case "show":
      void frameInTurn(() => show(data.frame, data.size, data.time, data.crop)).catch(() => {});
      break;
    case "refresh":
      painter?.refresh();
      break;
    case "capture":
      capturing = data.on;
      break;
    case "reset":
      betweenFrames((by) => by.reset());
      break;
  }
};
