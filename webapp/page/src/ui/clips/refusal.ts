// A clip that cannot be painted on this device: why, and where else it can be.
import { handOver } from "../../clips/handover";
import type { PageConfig } from "../../types";
import { button, buttons, make } from "../dom";
import type { OpenedClip } from "./opened-clip";
import { hint, nameLine } from "./steps";

/** `elsewhere`: another place could paint it. */
export function refuse(
  { steps, file, config }: Pick<OpenedClip, "steps" | "file" | "config">,
  sentence: string,
  elsewhere = true,
): void {
  steps.atRisk(null);
  const close = button("Close", () => steps.dialog.close(), "primary");
  steps.fill(
    "This clip cannot be painted here",
    nameLine(file),
    make("p", { textContent: sentence }),
    ...(elsewhere ? serverLink(config, file) : []),
    buttons(close),
  );
  close.focus();
}

/** A link that takes the clip along to the page for files; nothing where there is none. */
export function serverLink(config: PageConfig, file: File): Node[] {
  const { studio } = config.server ?? {};
  if (!studio) return [];
  const link = make("a", { href: studio, target: "_top", textContent: "Paint it on the server instead" });
  link.addEventListener("click", async (event) => {
    event.preventDefault();
    await handOver(file).catch(() => {}); // it is then chosen there once more
    placeOfThePage().location.href = new URL(studio, document.baseURI).href;
  });
  return [hint(link, " (there the clip is uploaded).")];
}

/** Where the page for files is opened: the whole window, or the frame that a page of another host shows us in. */
function placeOfThePage(): Window {
  try {
    return top?.location.origin === location.origin ? top : window;
  } catch {
    return window;
  }
}
