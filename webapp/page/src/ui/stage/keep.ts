// What was made is kept: saved at once or, on phones, shared from a sheet, as people do there.
import { button, buttons, byId, make, save } from "../dom";
import type { Messages } from "../status/messages";

/** `what`: "Snapshot" or "Recording". */
export function keep(made: Blob, name: string, what: string, messages: Messages): void {
  const file = new File([made], name, { type: made.type });
  const phone = matchMedia("(pointer: coarse)").matches && (navigator.canShare?.({ files: [file] }) ?? false);
  if (phone) offer(file, what, messages);
  else {
    save(made, name);
    messages.note(`${what} saved to your downloads.`);
  }
}

function offer(file: File, what: string, messages: Messages): void {
  const sheet = byId<HTMLDialogElement>("sheet");
  const address = URL.createObjectURL(file);
  const look = file.type.startsWith("video/")
    ? make("video", { src: address, controls: true, loop: true, muted: true, playsInline: true, autoplay: true })
    : make("img", { src: address, alt: `The ${what.toLowerCase()}` });
  const share = async (): Promise<void> => {
    try {
      await navigator.share({ files: [file] });
      sheet.close();
    } catch (error) {
      if ((error as Error).name !== "AbortError")
        messages.trouble("share", "This device did not share it; save it instead.");
    }
  };
  const keepIt = (): void => {
    save(file, file.name);
    messages.note(`${what} saved to your downloads.`);
    sheet.close();
  };
  sheet.replaceChildren(
    make("h2", { id: "sheet-title", textContent: `Your ${what.toLowerCase()}` }),
    look,
    buttons(
      button("Share", () => void share(), "primary"),
      button("Save", keepIt),
      button("Close", () => sheet.close()),
    ),
  );
  sheet.addEventListener("close", () => URL.revokeObjectURL(address), { once: true });
  sheet.showModal();
}
