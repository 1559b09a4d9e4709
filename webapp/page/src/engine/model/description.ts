// `model.json`: what a model is made of, and the rules that Python and the page both follow. Read and checked here.
import * as v from "valibot";

import type { ModelDescription, Rules } from "../../types";
import { Trouble } from "../trouble";

/** `FORMAT` in export/runtime/model.py. */
const FORMAT = 3;

const count = (least = 1) => v.pipe(v.number(), v.integer(), v.minValue(least));
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const level = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(255));
const name = v.pipe(v.string(), v.nonEmpty());

/** A file of the model's own folder: a plain name, and no way out. */
const fileName = v.pipe(v.string(), v.regex(/^(?!\.+$)[^/\\:?#%]+$/));
const file = v.object({ file: fileName, bytes: count(0), sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)) });

/** `DETAIL` in models/rules.py, for models from before this rule. */
const DETAIL = 0.9;

/** How persons are found, refined and mixed: models/rules.py, which has the formulas; for models from before it. */
const PERSON: Rules["person"] = {
  multiple: 16,
  pixels: 256 * 144,
  sides: [64, 576],
  hold: 0.8,
  curve: [0.3, 0.7],
  least: 0.005,
};

const rules = v.object({
  luma: v.tuple([share, share, share]),
  background: v.tuple([level, level, level]),
  styles_at_once: count(),
  least_side: count(),
  clip_multiple: count(),
  detail: v.optional(share, DETAIL),
  person: v.optional(
    v.object({
      multiple: count(),
      pixels: count(),
      sides: v.tuple([count(), count()]),
      hold: share,
      curve: v.tuple([share, share]),
      least: share,
    }),
    { ...PERSON },
  ),
});

const description = v.pipe(
  v.object({
    format: v.literal(FORMAT),
    name,
    revision: v.string(),
    style_size: count(),
    style_side: count(),
    multiple: count(),
    rules,
    state: v.array(v.object({ name, from: name, channels: count(), over: count() })),
    files: v.record(v.string(), file),
    licence: v.string(),
    weights: v.optional(v.string(), ""),
  }),
  v.check(({ files, state }) => "frame" in files && (state.length === 0 || "step" in files)),
  v.check(({ multiple, state }) => state.every(({ over }) => multiple % over === 0)),
  v.check(({ multiple, rules: { least_side } }) => least_side % multiple === 0),
);

/** The rules of models from before format 3, which do not name them. */
const earlierRules = (multiple: number): Rules => ({
  luma: [0.299, 0.587, 0.114],
  background: [255, 255, 255],
  styles_at_once: 4,
  least_side: 2 * multiple,
  clip_multiple: 2,
  detail: DETAIL,
  person: { ...PERSON },
});

/**
 * Checks what was read from the `model.json` of the folder `folder`. A model of an earlier format comes back without
 * state: its step graph is of another kind, so it is painted frame by frame. Throws `Trouble`.
 */
export function checkDescription(data: unknown, folder: string): ModelDescription {
  const damaged = `The description of the model ${folder} is damaged; whoever runs this page must install the model again.`;
  const head = v.safeParse(v.object({ format: count(), name: v.optional(v.string(), folder) }), data);
  if (!head.success) throw new Trouble(damaged);
  const { format, name } = head.output;
  if (format > FORMAT) {
    throw new Trouble(`The model ${name} was made by a newer Impasto (format ${format}); upgrade Impasto.`);
  }
  const checked = v.safeParse(description, format === FORMAT ? data : upgraded(data));
  if (!checked.success) throw new Trouble(damaged);
  return checked.output;
}

/** A description of an earlier format as one of this. */
function upgraded(data: unknown): unknown {
  const earlier = data as Record<string, unknown>;
  const rules = earlierRules(Number(earlier.multiple));
  return { revision: "", ...earlier, format: FORMAT, rules, state: [] };
}

/** Reads `model.json` in a folder of `models/`. `folder`: the address of the folder, with "/" at its end. Throws `Trouble`. */
export async function readDescription(folder: string): Promise<ModelDescription> {
  const name = decodeURIComponent(new URL(folder).pathname.split("/").at(-2) ?? "");
  const response = await fetch(`${folder}model.json`, { cache: "no-cache" }).catch(() => null);
  if (!response?.ok) {
    throw new Trouble(`The model ${name} could not be downloaded: check the connection and try again.`);
  }
  return checkDescription(await response.json().catch(() => null), name);
}
