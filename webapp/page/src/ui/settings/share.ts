// The settings in the address: kept up to date, read again when the person edits it, copied on demand.
import type { Rules } from "../../types";
import { byId } from "../dom";
import type { Messages } from "../status/messages";
import { linkSentence } from "../status/sentences";
import { isOwn, only } from "../styles/mix";
import type { Palette } from "../styles/palette";
import { parseSettings, writeSettings } from "./link";
import { DEFAULT_SETTINGS, type Settings, type Store } from "./settings";

const WAIT_MS = 300; // browsers count changes of the address

export function bindShare(settings: Store<Settings>, palette: Palette, rules: Rules, messages: Messages): void {
  let waiting = 0;
  const address = (): string => {
    const hash = writeSettings(settings.get());
    return location.pathname + location.search + (hash && `#${hash}`);
  };
  const write = (): void => history.replaceState(null, "", address());
  settings.on(() => {
    clearTimeout(waiting);
    waiting = window.setTimeout(write, WAIT_MS);
  });
  addEventListener("hashchange", () => {
    settings.set({
      ...DEFAULT_SETTINGS,
      mix: only(palette.first),
      ...parseSettings(location.hash, palette.names, rules),
    });
  });

  byId("copy-link").addEventListener("click", async () => {
    const link = new URL(address(), location.href).href;
    const { who, behind, ...now } = settings.get();
    const mix = who === "each" ? [...now.mix, ...behind] : now.mix;
    const own = mix.filter(({ key }) => isOwn(key)).map(({ key }) => palette.styles.get(key)?.title ?? key);
    const left = mix.find(({ key }) => !isOwn(key))?.key ?? palette.first;
    try {
      await navigator.clipboard.writeText(link);
      messages.note(linkSentence(own, palette.styles.get(left)?.title ?? left));
    } catch {
      write();
      messages.trouble(
        "link",
        "The browser did not let the page copy. The address of this page is the link: copy it from there.",
      );
    }
  });
}
