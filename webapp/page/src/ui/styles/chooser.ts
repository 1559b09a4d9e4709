// The tile that opens the device's own pictures, and `.style` files.
import { make } from "../dom";
import { icon } from "../icons";

/** A tile named `words`, its input with the id `id`; `onPictures` gets what was chosen, one file at least. */
export function pictureChooser(id: string, words: string, onPictures: (files: File[]) => void): HTMLElement {
  const input = make("input", {
    type: "file",
    accept: "image/*,.heic,.heif,.style",
    multiple: true,
    className: "unseen",
    id,
  });
  input.addEventListener("change", () => {
    const files = [...(input.files ?? [])];
    input.value = "";
    if (files.length) onPictures(files);
  });
  const face = make("span", { className: "own-face" }, icon("plus"));
  return make("label", { className: "card own" }, face, make("span", { className: "name", textContent: words }), input);
}
