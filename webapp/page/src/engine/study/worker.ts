// The studying worker: a picture in, a `.style` file out, and every few seconds what was learnt so far. It has a runtime of
// its own, so that painting goes on beside it.
import type { Rules } from "../../types";
import { download } from "../model/download";
import { withBrush } from "../model/graph-weights";
import { checkFile, createModel, type Model } from "../model/model";
import { flatten, type Pixels, resized } from "../model/resize";
import { cpuRuntime, gpuRuntime, threadsBeside } from "../model/runtime";
import { writeStyle } from "../model/style-file";
import { padded, paddingOf, toPixels, toPlanes } from "../painters/canvas/pixels";
import { openGpu } from "../painters/webgpu/device";
import { isOutOfMemory, sentenceOf, Trouble } from "../trouble";
import { createClock } from "./clock";
import { createContents } from "./contents";
import type { FromStudy, StudyPlace, StudyWish, ToStudy } from "./messages";
import { checkPainting, fittedSize } from "./pictures";
import { openContent, openStep, type Place, paintingTargets, type StepSession, type Targets } from "./sessions";
import {
  begin,
  isOver,
  levelEnd,
  ratesOf,
  type State,
  type Studied,
  startOf,
  studied,
  take,
  weightsFor,
} from "./steps";

/** Between two brushes for the painters, milliseconds: each costs them a moment. */
const SO_FAR_EVERY = 3000;
/** A larger painting is shrunk by the browser first: pixels of the short side. */
const LARGEST = 1536;
/** The picture in a `.style` file: pixels, and bytes at most, as webapp/files/study.py has them. */
const THUMBNAIL = { width: 256, height: 192 };
const THUMBNAIL_BYTES = 24_000;

const send = (message: FromStudy, transfer: Transferable[] = []) => postMessage(message, { transfer });
const progress = (file: string, loaded: number, total: number) => send({ kind: "download", file, loaded, total });

const frames: ImageBitmap[] = [];
let frameCame: () => void = () => {};
let enough = false;

/** What is needed at every place, fetched once. */
interface Needed {
  model: Model;
  vgg: Place["vgg"];
}

async function fetchNeeded({ base, folder, model: description, offer }: Omit<StudyWish, "picture">): Promise<Needed> {
  const model = createModel(folder, description, progress);
  const { file, bytes, sha256 } = offer.vgg;
  const wanted = { url: new URL(file, base).href, key: sha256, bytes };
  const checked = (found: ArrayBuffer) => checkFile(found, offer.vgg);
  const graphs = ["study", "study_content", "study_painting", "frame"].map((role) => model.file(role));
  const [vgg] = await Promise.all([download(wanted, checked, progress), ...graphs]);
  return { model, vgg: { name: file.split("/").at(-1) ?? "", bytes: new Uint8Array(vgg) } };
}

async function openPlace(kind: StudyPlace, { base, softwareToo }: Omit<StudyWish, "picture">, vgg: Place["vgg"]) {
  const downloads = { base, progress };
  const never = new Promise<never>(() => {});
  if (kind === "wasm")
    return { ort: await cpuRuntime(downloads, threadsBeside()), provider: "wasm" as const, vgg, lost: never };
  const { device } = await openGpu(softwareToo);
  const lost = device.lost.then(({ message }) => Promise.reject(new Error(message)));
  lost.catch(() => {}); // heard of by whoever waits for a step
  return { ort: await gpuRuntime(downloads), provider: { name: "webgpu" as const, device }, vgg, lost };
}

/** A place with the step ready to run in it. */
interface Ready {
  kind: StudyPlace;
  place: Place;
  session: StepSession;
  targets: Targets;
  /** Rejects when the graphics card is gone. */
  lost: Promise<never>;
}

async function prepare(kind: StudyPlace, wish: StudyWish, painting: Pixels, { model, vgg }: Needed): Promise<Ready> {
  const { lost, ...place } = await openPlace(kind, wish, vgg);
  send({ kind: "preparing", place: kind });
  const session = await openStep(place, model);
  const targets = await paintingTargets(place, model, painting, session.side, wish.offer.rules);
  return { kind, place, session, targets, lost };
}

/** The first place that works. Throws what the last one threw. */
async function firstReady(kinds: StudyPlace[], ...given: [StudyWish, Pixels, Needed]): Promise<Ready> {
  for (const kind of kinds.slice(0, -1)) {
    try {
      return await prepare(kind, ...given);
    } catch (error) {
      if (!(error instanceof Trouble)) console.warn(`studying, ${kind}:`, error);
    }
  }
  return prepare(kinds.at(-1)!, ...given);
}

/** The next frame to study on, once there is one. */
async function firstFrame(): Promise<void> {
  while (frames.length === 0 && !enough) await new Promise<void>((done) => (frameCame = done));
}

/** A study under way, wherever it runs. */
interface UnderWay {
  wish: StudyWish;
  needed: Needed;
  /** T's parameters as the model has them. */
  start: Float32Array;
  state: State;
  /** The frames that came so far. */
  seen: Pixels[];
}

async function study(wish: StudyWish): Promise<void> {
  const painting = pixelsOf(wish.picture, LARGEST, wish.model.rules.background);
  checkPainting(painting, wish.offer.rules);
  const needed = await fetchNeeded(wish);
  let ready = await firstReady(wish.places, wish, painting, needed);
  const start = startOf(await needed.model.file("frame"), ready.session.parameters);
  const way: UnderWay = { wish, needed, start, state: begin(start, wish.style), seen: [] };
  try {
    await learn(way, ready);
  } catch (error) {
    console.warn(`studying, ${ready.kind}:`, error);
    if (ready.kind === "webgpu" && wish.places.includes("wasm")) {
      ready = await prepare("wasm", wish, painting, needed);
      way.state.values = way.state.best;
      await learn(way, ready);
    } else if (!way.state.losses.length) throw error; // else what was learnt before it is kept
  }
  if (!way.state.losses.length) throw new Trouble("Nothing was learnt before it was stopped.");
  await finish(way, ready);
}

async function learn({ wish, needed, start, state, seen }: UnderWay, ready: Ready): Promise<void> {
  const { session, place, targets, kind, lost } = ready;
  const { rules } = wish.offer;
  const content = await openContent(place, needed.model, session.side);
  const contents = createContents(session.side, rules, content.features);
  for (const frame of seen) contents.add(frame);
  if (!seen.length) await firstFrame();
  const weights = weightsFor(session.terms, rules);
  const clock = createClock(rules, performance.now(), state.losses.length);
  let [told, best] = [performance.now(), state.best];
  while (!enough && clock.share < 1 && !isOver(state, rules)) {
    for (const frame of frames.splice(0)) {
      seen.push(pixelsOf(frame, rules.side, wish.model.rules.background));
      contents.add(seen.at(-1)!);
    }
    const rates = ratesOf(state, wish.style.length, clock.share, rules);
    const batch = await contents.draw(session.pictures);
    const step = await Promise.race([session.run(state, rates, weights, targets, batch), lost]);
    take(state, step, weights, rules);
    levelEnd(state.values, session);
    clock.tick(performance.now());
    const { steps, share, secondsLeft, secondsInAll } = clock;
    send({ kind: "progress", progress: { place: kind, steps, share, secondsLeft, secondsInAll } });
    if (state.best !== best && performance.now() - told > SO_FAR_EVERY) {
      send({ kind: "so far", ...studied(state, session, start, rules) });
      [told, best] = [performance.now(), state.best];
    }
    await new Promise((done) => setTimeout(done)); // frames come, and what the person wants
  }
}

async function finish({ wish, needed: { model }, start, state, seen }: UnderWay, { place, session }: Ready) {
  const learnt = studied(state, session, start, wish.offer.rules);
  const { name, source } = wish;
  const preview = await session
    .release()
    .then(() => paint(place, model, learnt, pictureOf(seen[0])))
    .then(thumbnail)
    .catch(() => new Uint8Array()); // a file without a picture is one, too
  const file = await writeStyle({ ...learnt, name, source, preview }, model.description, await model.file("frame"));
  send({ kind: "done", done: { steps: state.losses.length, file } }, [file.buffer]);
}

/** The middle of a frame, in the shape of the thumbnail. */
function pictureOf({ data, width, height }: Pixels): Pixels {
  const scale = Math.min(width / THUMBNAIL.width, height / THUMBNAIL.height);
  const size = { width: Math.floor(THUMBNAIL.width * scale), height: Math.floor(THUMBNAIL.height * scale) };
  const [left, top] = [Math.floor((width - size.width) / 2), Math.floor((height - size.height) / 2)];
  const cropped = new Uint8ClampedArray(4 * size.width * size.height);
  for (let y = 0; y < size.height; y++) {
    const at = 4 * ((top + y) * width + left);
    cropped.set(data.subarray(at, at + 4 * size.width), 4 * y * size.width);
  }
  return { data: cropped, ...size };
}

async function paint(place: Place, model: Model, learnt: Studied, frame: Pixels): Promise<Pixels> {
  const graph = withBrush(await model.file("frame"), learnt.brush);
  const session = await place.ort.InferenceSession.create(graph, { executionProviders: [place.provider] });
  const padding = paddingOf(model.description);
  const { width, height } = padded(frame, padding);
  const { painted } = await session.run({
    frame: new place.ort.Tensor("float32", toPlanes(frame.data, frame, padding), [1, 3, height, width]),
    style: new place.ort.Tensor("float32", learnt.style, [1, learnt.style.length]),
  });
  const data = toPixels(painted.data as Float32Array, frame, padding);
  await session.release();
  return { data, width: frame.width, height: frame.height };
}

/** A small JPEG. */
async function thumbnail(painted: Pixels): Promise<Uint8Array<ArrayBuffer>> {
  const small = resized(painted, THUMBNAIL);
  const canvas = new OffscreenCanvas(small.width, small.height);
  const pixels = new ImageData(small.data as Uint8ClampedArray<ArrayBuffer>, small.width, small.height);
  canvas.getContext("2d")!.putImageData(pixels, 0, 0);
  for (let quality = 0.85; ; quality -= 0.1) {
    const found = await canvas.convertToBlob({ type: "image/jpeg", quality });
    if (found.size <= THUMBNAIL_BYTES || quality < 0.3) return new Uint8Array(await found.arrayBuffer());
  }
}

/** A picture, closed afterwards, as pixels: its long side cut to twice the short one, and that shrunk to `most`. */
function pixelsOf(picture: ImageBitmap, most: number, background: Rules["background"]): Pixels {
  const { from, size } = fittedSize(picture, Math.min(most, picture.width, picture.height));
  const context = new OffscreenCanvas(size.width, size.height).getContext("2d", { willReadFrequently: true })!;
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, from.left, from.top, from.width, from.height, 0, 0, size.width, size.height);
  picture.close();
  const { data } = context.getImageData(0, 0, size.width, size.height);
  flatten(data, background);
  return { data, ...size };
}

/** So many steps on given squares: what tests compare with Python's. */
async function runSteps({ wish, targets, batches, shares }: Extract<ToStudy, { kind: "steps" }>): Promise<void> {
  const { model, vgg } = await fetchNeeded(wish);
  const place = await openPlace(wish.places[0], wish, vgg);
  const session = await openStep(place, model);
  const state = begin(startOf(await model.file("frame"), session.parameters), wish.style);
  const weights = weightsFor(session.terms, wish.offer.rules);
  const terms: Float32Array[] = [];
  for (const [i, batch] of batches.entries()) {
    const rates = ratesOf(state, wish.style.length, shares[i], wish.offer.rules);
    const step = await session.run(state, rates, weights, targets, batch);
    terms.push(step.terms);
    take(state, step, weights, wish.offer.rules);
    levelEnd(state.values, session);
  }
  send({ kind: "steps", values: state.values, terms });
}

function failed(error: unknown): void {
  if (!(error instanceof Trouble)) console.warn("studying:", error);
  const otherwise = isOutOfMemory(error)
    ? "This device has not enough memory to study; study the picture elsewhere and drop its .style file here."
    : "This picture could not be studied here; study it elsewhere and drop its .style file here.";
  send({ kind: "trouble", sentence: sentenceOf(error, otherwise) });
}

self.onmessage = ({ data }: MessageEvent<ToStudy>) => {
  switch (data.kind) {
    case "study":
      study(data.wish).catch(failed);
      break;
    case "frame":
      frames.push(data.frame);
      frameCame();
      break;
    case "enough":
      enough = true;
      frameCame();
      break;
    case "steps":
      runSteps(data).catch(failed);
      break;
  }
};
