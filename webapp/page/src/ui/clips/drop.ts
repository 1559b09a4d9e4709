// Files dropped anywhere on the page, or pasted: pictures and `.style` files become styles, clips are painted.
import { byId } from "../dom";

export interface DroppedFiles {
  pictures: File[];
  /** Studied styles, `.style` files. */
  styles: File[];
  clip: File | null;
  /** Neither: name of the first such file. */
  other: string | null;
}

const CLIP_NAME = /\.(mp4|m4v|mov|webm|mkv|avi|ogv|3gp|mpe?g|mts|m2ts|wmv)$/i;
const STYLE_NAME = /\.style$/i;
const PICTURE_NAME = /\.(jpe?g|png|webp|gif|avif|bmp|tiff?|hei[cf])$/i;

/** Whether a file is a studied style. */
export const isStyleFile = (name: string): boolean => STYLE_NAME.test(name);

/** Sorts files by what can be done with them; the type counts, the name where the type is unknown. */
export function sortFiles(files: Iterable<File>): DroppedFiles {
  const dropped: DroppedFiles = { pictures: [], styles: [], clip: null, other: null };
  for (const file of files) {
    const unknown = !file.type;
    if (STYLE_NAME.test(file.name)) dropped.styles.push(file);
    else if (file.type.startsWith("image/") || (unknown && PICTURE_NAME.test(file.name))) dropped.pictures.push(file);
    else if (file.type.startsWith("video/") || (unknown && CLIP_NAME.test(file.name))) dropped.clip ??= file;
    else dropped.other ??= file.name;
  }
  return dropped;
}

export function bindDrop(take: (dropped: DroppedFiles) => void): void {
  const veil = byId("drop");
  const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
  let depth = 0;
  addEventListener("dragenter", (event) => {
    if (!hasFiles(event)) return;
    depth += 1;
    veil.hidden = false;
  });
  addEventListener("dragleave", (event) => {
    if (!hasFiles(event)) return;
    depth -= 1;
    if (depth <= 0) veil.hidden = true;
  });
  addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth = 0;
    veil.hidden = true;
    take(sortFiles(event.dataTransfer?.files ?? []));
  });
  addEventListener("paste", (event) => {
    const files = event.clipboardData?.files;
    if (files?.length) take(sortFiles(files));
  });
}
