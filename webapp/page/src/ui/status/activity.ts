// What the page is doing, and the one sign in the picture that shows it.
import type { Engine } from "../../types";
import { byId } from "../dom";
import { after, type Doing, type Happening, NOTHING, type Sign, signOf } from "./doing";
import type { Messages } from "./messages";

/** What the page is doing, and who is told. */
export interface Activity {
  readonly sign: Sign | null;
  tell(event: Happening): void;
  /** Called with the sign whenever something happened; call the result to stop listening. */
  on(listener: (sign: Sign | null) => void): () => void;
}

/** The state of the page, moved on by the engine's events and by what `tell` is told; its sign is drawn here. */
export function createActivity(engine: Engine, messages: Messages): Activity {
  let doing: Doing = NOTHING;
  const listeners = new Set<(sign: Sign | null) => void>([drawSign]);
  const tell = (event: Happening): void => {
    const before = signOf(doing);
    doing = after(doing, event);
    const sign = signOf(doing);
    byId("frame").classList.toggle("painted", doing.painted);
    if (sign && withoutNumbers(sign) !== (before && withoutNumbers(before))) messages.announce(sign.text);
    for (const listener of listeners) listener(sign);
  };
  engine.on(tell);
  return {
    get sign() {
      return signOf(doing);
    },
    tell,
    on(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** What is worth saying aloud of a sign: not every megabyte. */
const withoutNumbers = ({ text }: Sign): string => text.replace(/[\d.]+/g, "");

function drawSign(sign: Sign | null): void {
  byId("loading").hidden = sign === null;
  if (!sign) return;
  byId("loading-text").textContent = sign.text;
  const bar = byId<HTMLProgressElement>("loading-bar");
  if (sign.share === null) bar.removeAttribute("value");
  else bar.value = sign.share;
}
