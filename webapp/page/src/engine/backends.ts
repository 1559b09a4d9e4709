// Which painter to try, in which order, and when to give one up. Pure.
import type { Backend } from "../types";

const ORDER: Backend[] = ["webgpu", "wasm", "server"];

/** The painters to try: the preferred one first, then the others from the fastest on. */
export function candidates(prefer: Backend | "auto", hasServer: boolean): Backend[] {
  const there = ORDER.filter((each) => each !== "server" || hasServer);
  return prefer === "auto" ? there : [prefer, ...there.filter((each) => each !== prefer)];
}

/** The painters left when one gives up. */
export function slowerThan(backend: Backend, hasServer: boolean): Backend[] {
  return candidates("auto", hasServer).filter((each) => ORDER.indexOf(each) > ORDER.indexOf(backend));
}

const WHERE: Record<Backend, string> = {
  webgpu: "on the graphics card",
  wasm: "on the processor",
  server: "on the server",
};

/** Why another painter took over, as one sentence. */
export function whySentence(reason: string, backend: Backend): string {
  return `${reason.replace(/\.$/, "")}; painting now runs ${WHERE[backend]}.`;
}

/** A frame that takes longer is too slow; milliseconds. */
const SLOW = 1000;
/** Frames before this one warm up: shaders and threads are made. */
const WARM = 2;
/** So many slow frames in a row are no accident, and smaller frames, tried meanwhile, were no help. */
const PATIENCE = 8;

/** Tells, frame by frame, whether a painter is too slow to go on with. */
export function createSlownessCheck(): (paintMs: number) => boolean {
  let frames = 0;
  let slow = 0;
  return (paintMs) => {
    frames++;
    slow = frames > WARM && paintMs > SLOW ? slow + 1 : 0;
    return slow >= PATIENCE;
  };
}
