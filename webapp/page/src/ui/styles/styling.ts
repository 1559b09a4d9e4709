// The chosen styles put into the engine: at once what is at hand of them, and their brushes when they have come.
import type { Engine } from "../../types";
import type { Settings, Store } from "../settings/settings";
import type { Activity } from "../status/activity";
import type { Messages } from "../status/messages";
import { engineTrouble, missingSentence } from "../status/sentences";
import type { Mix } from "./mix";
import type { Missing, Palette } from "./palette";

export interface Styling {
  /** Sets the chosen styles; resolves once something of them is set. From then on they follow the settings by themselves. */
  apply(): Promise<void>;
  /** Brushes need not wait for the first painted frame any more. */
  fetchBrushes(): void;
  /** Resolves when the chosen style is painted with all that was studied of it; with a sentence where it is not. */
  whole(): Promise<string | null>;
}

export function createStyling(
  engine: Engine,
  settings: Store<Settings>,
  palette: Palette,
  messages: Messages,
  activity: Activity,
): Styling {
  let styleTurn = 0;
  /** The styles without their brushes, once nothing of the style is to come any more. */
  let missing: Promise<Missing[]> = Promise.resolve([]);
  let said: string | null = null;
  /** Nothing that is only wanted afterwards is fetched before the first frame is painted. */
  let fetchBrushes = (): void => {};
  const firstFrame = new Promise<void>((resolve) => (fetchBrushes = resolve));
  engine.on((event) => event.kind === "painted" && fetchBrushes());

  /**
   * Sets a mix as far as it is at hand, and again with the brushes when they are there, if it is the latest still. `begun`:
   * something is set. `missing`: all is there, but for the brushes of these.
   */
  const put = (mix: Mix, set: Engine["setStyle"], latest: () => boolean) => {
    const plain = palette.atHand(mix);
    if (plain) set(plain.style, plain.brush);
    const rest = async (): Promise<Missing[]> => {
      if (plain?.whole) return [];
      if (plain) await firstFrame;
      const { style, brush, missing } = await palette.mixed(mix, engine);
      if (latest()) set(style, brush);
      return missing;
    };
    const missing = rest();
    return { begun: plain ? Promise.resolve() : missing.then(() => {}), missing };
  };
  const applyStyle = async (): Promise<void> => {
    const turn = ++styleTurn;
    const latest = () => turn === styleTurn;
    const { mix } = settings.get();
    activity.tell({ kind: "reading", title: palette.unread(mix) });
    const style = put(mix, engine.setStyle, latest);
    ({ missing } = style);
    missing.then(
      (found) => latest() && sayMissing(found),
      () => {}, // as `begun`
    );
    try {
      await style.begun;
    } finally {
      if (latest()) activity.tell({ kind: "reading", title: null });
    }
  };
  /** The style of what is behind people, where it is painted. */
  const applyBehind = async (): Promise<void> => {
    const { who, behind } = settings.get();
    if (who !== "each" || !behind.length) return;
    const style = put(behind, engine.setBehind, () => settings.get().behind === behind);
    style.missing.then((found) => found.length && sayMissing(found)).catch(() => {});
    await style.begun;
  };
  const sayMissing = (found: Missing[]): void => {
    const before = said;
    said = missingSentence(found);
    if (!said) messages.clear("brush");
    else if (said !== before) messages.trouble("brush", said, { label: "Try again", run: () => tryAgain() });
  };
  const tryAgain = (): void => {
    said = null;
    palette.tryAgain();
    applyStyle().catch(styleFailed);
    applyBehind().catch(styleFailed);
  };
  const styleFailed = (error: unknown): void => messages.trouble("style", engineTrouble(error));

  settings.on((now, before) => {
    if (keysOf(now) !== keysOf(before)) palette.tryAgain();
    if (now.mix !== before.mix && engine.backend) applyStyle().catch(styleFailed);
    if ((now.behind !== before.behind || now.who !== before.who) && engine.backend) applyBehind().catch(styleFailed);
  });

  return {
    async apply() {
      if (said) palette.tryAgain(); // the painter is another: what its worker owed may come now
      await Promise.all([applyStyle(), applyBehind()]);
    },
    fetchBrushes,
    async whole() {
      return missingSentence(await missing);
    },
  };
}

/** Which styles are painted with, whatever their weights. */
const keysOf = ({ mix, behind }: Settings): string => [...mix, ...behind].map(({ key }) => key).join(" ");
