import type { Opening, Painter } from "./painter";
import { Trouble } from "./trouble";
export async function openWebGpu(_: Opening): Promise<Painter> {
  throw new Trouble("not yet");
}
