// Study as export/runtime/study.py does it: what a step is given, what is made of what comes back, and when it ends. Pure.
import type { StudyRules } from "../../types";
import { type Brush, countOf, metadataOf, numbersOf, weightsOf } from "../model/graph-weights";
import { fromHalf, toHalf } from "../model/half";
import { Trouble } from "../trouble";
import { joined } from "./contents";

/** What a graph of study says of itself. */
export interface StudyGraph {
  /** The terms of the loss that it tells apart, in order. */
  terms: string[];
  /** T's parameters that are studied, with their shapes, in the order in which `values` has them. */
  parameters: [string, number[]][];
}

/** A style that was studied. */
export interface Studied {
  style: Float32Array;
  /** Rounded to half precision. */
  brush: Brush;
}

/** What steps change. `best` are the values with the lowest mean loss; `mean` is NaN before the first step. */
export interface State {
  values: Float32Array;
  moments: [Float32Array, Float32Array];
  best: Float32Array;
  /** Adam's steps since the last restart. */
  count: number;
  slower: number;
  restarts: number;
  mean: number;
  lowest: number;
  /** Steps since the lowest. */
  since: number;
  /** Of each step, the weighted total. */
  losses: number[];
}

/** What a step gives: the next values and moments, and the terms before it. */
export interface Step {
  values: Float32Array;
  moments: [Float32Array, Float32Array];
  terms: Float32Array;
}

/** Reads what `study.onnx` says of itself. Throws `Trouble`. */
export function readStudyGraph(graph: Uint8Array): StudyGraph {
  try {
    const said = metadataOf(graph);
    return { terms: JSON.parse(said.get("terms")!), parameters: JSON.parse(said.get("parameters")!) };
  } catch {
    throw new Trouble("This model cannot be studied with; whoever runs this page must export it again.");
  }
}

/** T's parameters as the model has them, in the order of `parameters`. Throws `Trouble` for those of another network. */
export function startOf(frameGraph: Uint8Array, parameters: StudyGraph["parameters"]): Float32Array {
  const weights = weightsOf(frameGraph);
  const parts = parameters.map(([name, shape]) => {
    const weight = weights.get(name);
    if (!weight || `${weight.shape}` !== `${shape}`) {
      throw new Trouble("This model cannot be studied with; whoever runs this page must export it again.");
    }
    return numbersOf(frameGraph, weight);
  });
  return joined(parts);
}

export function begin(start: Float32Array, style: Float32Array): State {
  const values = joined([start, style]);
  const zeros = () => new Float32Array(values.length);
  return {
    values,
    moments: [zeros(), zeros()],
    best: values,
    count: 0,
    slower: 1,
    restarts: 0,
    mean: Number.NaN,
    lowest: Number.POSITIVE_INFINITY,
    since: 0,
    losses: [],
  };
}

/** The part of the whole rate at a step: up at first, level, and down along a cosine. `share`: of the study, 0…1. */
export function rate(share: number, count: number, { level, least, warmup }: StudyRules): number {
  const fall = Math.max(0, share - level) / (1 - level);
  return Math.min(1, (count + 1) / warmup) * Math.max(least, (1 + Math.cos(Math.PI * fall)) / 2);
}

/** Adam's rates for all values: [V]. */
export function ratesOf(state: State, styleSize: number, share: number, rules: StudyRules): Float32Array {
  const part = rate(share, state.count, rules) * state.slower;
  const rates = new Float32Array(state.values.length).fill(rules.weights_rate * part);
  return rates.fill(rules.style_rate * part, rates.length - styleSize);
}

/** What each term weighs. Throws `Trouble` for a term that has no weight. */
export function weightsFor(terms: string[], { weights }: StudyRules): Float32Array {
  if (terms.some((term) => !(term in weights)))
    throw new Trouble("This model cannot be studied with; reload the page.");
  return Float32Array.from(terms, (term) => weights[term]);
}

const allFinite = (values: Float32Array): boolean => values.every(Number.isFinite);

/** Takes over what a step gave, or goes back to the best where it is not finite. `weights`: what the terms weigh. */
export function take(state: State, step: Step, weights: Float32Array, { smooth }: StudyRules): void {
  const total = step.terms.reduce((sum, term, i) => sum + term * weights[i], 0);
  if (!Number.isFinite(total) || ![step.values, ...step.moments].every(allFinite)) {
    // Begun again from the best, more slowly.
    state.values = state.best;
    state.moments = [new Float32Array(state.best.length), new Float32Array(state.best.length)];
    state.count = 0;
    state.slower /= 2;
    state.restarts++;
    state.losses.push(state.losses.at(-1) ?? 0);
    return;
  }
  state.losses.push(total);
  const steps = state.losses.length;
  const keep = Number.isFinite(state.mean) ? Math.min(smooth, steps / (steps + 4)) : 0;
  state.mean = keep === 0 ? total : keep * state.mean + (1 - keep) * total;
  // The terms are those of the values before the step.
  state.since++;
  if (state.mean < state.lowest) Object.assign(state, { lowest: state.mean, best: state.values, since: 0 });
  Object.assign(state, { values: step.values, moments: step.moments, count: state.count + 1 });
}

/** Whether nothing better is to be expected. */
export const isOver = (state: State, { patience, restarts }: StudyRules): boolean =>
  state.since >= patience || state.restarts > restarts;

/**
 * In place: the kernels of T's last layer that lie side by side in a painted square add up to the same, so that a flat frame
 * is not painted as a weave. `phases`: how many there are for each colour.
 */
export function levelEnd(values: Float32Array, { parameters }: StudyGraph): void {
  const [weight, bias] = ["end.conv.weight", "end.conv.bias"].map((name) => partOf(values, parameters, name));
  const phases = bias.numbers.length / 3;
  const inputs = weight.shape[1];
  const area = weight.numbers.length / (3 * phases * inputs);
  for (let colour = 0; colour < 3; colour++) {
    for (let input = 0; input < inputs; input++) {
      const kernels = Array.from({ length: phases }, (_, phase) => {
        const at = ((colour * phases + phase) * inputs + input) * area;
        return weight.numbers.subarray(at, at + area);
      });
      const sums = kernels.map((kernel) => kernel.reduce((a, b) => a + b, 0));
      const mean = sums.reduce((a, b) => a + b, 0) / phases;
      kernels.forEach((kernel, phase) => {
        const missing = (mean - sums[phase]) / area; // spread over the kernel's places
        for (let i = 0; i < area; i++) kernel[i] += missing;
      });
    }
    const own = bias.numbers.subarray(colour * phases, (colour + 1) * phases);
    own.fill(own.reduce((a, b) => a + b, 0) / phases);
  }
}

function partOf(values: Float32Array, parameters: StudyGraph["parameters"], wanted: string) {
  let at = 0;
  for (const [name, shape] of parameters) {
    const length = countOf({ shape });
    if (name === wanted) return { shape, numbers: values.subarray(at, at + length) };
    at += length;
  }
  throw new Trouble("This model cannot be studied with; reload the page.");
}

/** The best of a state as S and a brush, a share of how T's parameters differ from the model's, `start`. */
export function studied(
  state: State,
  { parameters }: StudyGraph,
  start: Float32Array,
  { brush_share }: Pick<StudyRules, "brush_share">,
): Studied {
  const brush: Record<string, Float32Array> = {};
  let at = 0;
  for (const [name, shape] of parameters) {
    const end = at + countOf({ shape });
    const first = at;
    const difference = (value: number, i: number) => Math.fround(value - start[first + i]);
    const part = state.best.slice(at, end).map((value, i) => fromHalf(toHalf(brush_share * difference(value, i))));
    if (part.some((value) => value !== 0) && allFinite(part)) brush[name] = part;
    at = end;
  }
  return { style: state.best.slice(at), brush };
}
