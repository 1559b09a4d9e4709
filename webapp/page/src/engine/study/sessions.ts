// The graphs of study, opened and run: by WebGPU, or on the processor. No browser is needed for the latter.
import type { StudyRules } from "../../types";
import type { Model } from "../model/model";
import type { Pixels } from "../model/resize";
import type { Runtime, Session } from "../model/runtime";
import type { Batch } from "./contents";
import { coloursOf, tiles } from "./pictures";
import { readStudyGraph, type State, type Step, type StudyGraph } from "./steps";

/** Where graphs run: a runtime, one of its providers, and VGG's weights, which all of them need. */
export interface Place {
  ort: Runtime;
  provider: "wasm" | { name: "webgpu"; device: GPUDevice };
  /** `name`: of the file, as the graphs call it. */
  vgg: { name: string; bytes: Uint8Array };
}

/** Inputs of the step that stay: `painting.…` by name. */
export type Targets = Record<string, Float32Array>;

export interface StepSession extends StudyGraph {
  /** How many pictures a step takes, and their side in pixels. */
  pictures: number;
  side: number;
  run(state: State, rates: Float32Array, weights: Float32Array, targets: Targets, batch: Batch): Promise<Step>;
  release(): Promise<void>;
}

const open = async ({ ort, provider, vgg }: Place, graph: Uint8Array): Promise<Session> =>
  ort.InferenceSession.create(graph, {
    executionProviders: [provider],
    externalData: [{ path: vgg.name, data: vgg.bytes }],
    logSeverityLevel: 3, // what runs on the processor for good reasons is no warning
  });

/** `study.onnx` of a model. */
export async function openStep(place: Place, model: Model): Promise<StepSession> {
  const graph = await model.file("study");
  const session = await open(place, graph);
  const { Tensor } = place.ort;
  const shapes = new Map(
    session.inputMetadata.flatMap((input) => (input.isTensor ? [[input.name, input.shape as number[]] as const] : [])),
  );
  const [pictures, , side] = shapes.get("frame")!;
  return {
    ...readStudyGraph(graph),
    pictures,
    side,
    async run({ values, moments: [moment1, moment2], count }, rates, weights, targets, batch) {
      const given: Record<string, Float32Array> = { values, moment1, moment2, rates, weights, ...targets, ...batch };
      const feeds = Object.fromEntries(
        Object.entries({ ...given, count: Float32Array.of(count + 1) }).map(([name, data]) => [
          name,
          new Tensor("float32", data, shapes.get(name)!),
        ]),
      );
      const found = await session.run(feeds);
      const numbers = (name: string) => (found[name].data as Float32Array).slice();
      const step: Step = {
        values: numbers("next_values"),
        moments: [numbers("next_moment1"), numbers("next_moment2")],
        terms: numbers("terms"),
      };
      for (const tensor of Object.values(found)) tensor.dispose();
      return step;
    },
    release: () => session.release(),
  };
}

/** What the features of a square are, [256,side/4,side/4]: `study_content.onnx`. */
export async function openContent(place: Place, model: Model, side: number) {
  const session = await open(place, await model.file("study_content"));
  return {
    async features(frame: Float32Array): Promise<Float32Array> {
      const { content } = await session.run({ image: new place.ort.Tensor("float32", frame, [1, 3, side, side]) });
      return (content.data as Float32Array).slice();
    },
    release: () => session.release(),
  };
}

/** What is asked of the painted by a painting. */
export async function paintingTargets(
  place: Place,
  model: Model,
  picture: Pixels,
  side: number,
  rules: Pick<StudyRules, "painting_side" | "energy_asked" | "tiles">,
): Promise<Targets> {
  const squares = tiles(picture, rules.painting_side, side, rules.tiles);
  const session = await open(place, await model.file("study_painting"));
  const found: Targets = {};
  for (const square of squares) {
    const grams = await session.run({ image: new place.ort.Tensor("float32", square, [1, 3, side, side]) });
    for (const [name, gram] of Object.entries(grams)) {
      found[name] ??= new Float32Array(gram.size);
      const sum = found[name];
      (gram.data as Float32Array).forEach((value, i) => {
        sum[i] += (rules.energy_asked * value) / squares.length;
      });
    }
  }
  await session.release();
  const { mean, covariance, contrast } = coloursOf(squares);
  return {
    ...found,
    "painting.mean": Float32Array.from(mean),
    "painting.covariance": Float32Array.from(covariance),
    "painting.contrast": Float32Array.of(contrast),
  };
}
