// People in frames, found on the processor, whoever paints.
import type { Frame } from "../../../types";
import { pictureSize } from "../../model/person";
import { cpuRuntime } from "../../model/runtime";
import type { Framing } from "../framing";
import type { PainterOptions } from "../painter";
import { createPerson, type Lines, type Person } from "../person";
import type { Motion } from "../steady";
import type { Values } from "./lanes/messages";
import { toPlanes } from "./pixels";
import type { Reader } from "./reader";

export interface CpuPerson {
  /**
   * The lines of the mask of what the framing shows of a frame; null where people cannot be found. `time`: see `Moment`.
   * `motion`: how it has moved.
   */
  look(
    frame: Frame,
    framing: Framing,
    time: number | null,
    reader: Reader,
    motion?: Motion<Values> | null,
  ): Promise<Lines | null>;
  /** See `Person.rest`. */
  rest(): void;
  release(): void;
}

/** Nothing is fetched before the first look. */
export function createCpuPerson(options: PainterOptions): CpuPerson {
  const { person: rules } = options.model.description.rules;
  let person: Promise<Person> | null = null;
  const open = async (): Promise<Person> => {
    const ort = await cpuRuntime(options.downloads);
    return createPerson({
      ort,
      open: async (graph) => ort.InferenceSession.create(await options.person(graph), { executionProviders: ["wasm"] }),
      rules,
      zeros: (dims) => new ort.Tensor("float32", new Float32Array(dims.reduce((a, b) => a * b)), dims),
      read: async (mask) => mask.data as Float32Array,
      found: options.personFound,
      trouble: options.trouble,
    });
  };
  return {
    async look(frame, framing, time, reader, motion = null) {
      person ??= open();
      const size = pictureSize(framing.crop, rules);
      const ort = await cpuRuntime(options.downloads);
      const picture = () => {
        const planes = toPlanes(reader.pixels(frame, size, framing), size, { multiple: rules.multiple, least: 1 });
        return new ort.Tensor("float32", planes, [1, 3, size.height, size.width]);
      };
      const tensor = ({ data, dims }: Values) => new ort.Tensor("float32", data, dims);
      const moved = motion && {
        ...motion,
        key_motion: tensor(motion.key_motion),
        last_key_motion: tensor(motion.last_key_motion),
      };
      const lines = await (await person).look({ size, mirror: framing.mirror, time }, picture, moved);
      return lines && { ...size, values: lines.data as Float32Array };
    },
    rest: () => void person?.then((each) => each.rest()),
    release: () => void person?.then((each) => each.release()),
  };
}
