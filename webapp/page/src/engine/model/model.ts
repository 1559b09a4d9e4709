// The files of a model beside the page, checked against its description.
import type { ModelDescription } from "../../types";
import { Trouble } from "../trouble";
import { type DownloadProgress, download } from "./download";

type Entry = ModelDescription["files"][string];

/** A model, its files loaded when they are asked for and kept while the page lives. */
export interface Model {
  description: ModelDescription;
  /** The bytes of the first of these roles that was asked for before or, without one, that the model has. Throws `Trouble`. */
  file(...roles: string[]): Promise<Uint8Array>;
  /** The bytes of a file that the model's gallery names; kept by the browser, and nowhere else. Throws `Trouble`. */
  beside(entry: Entry): Promise<Uint8Array<ArrayBuffer>>;
}

/** The model that lies in a folder. `folder`: its address, with "/" at its end. */
export function createModel(folder: string, description: ModelDescription, progress: DownloadProgress): Model {
  const loading = new Map<string, Promise<Uint8Array>>();
  return {
    description,
    async file(...roles) {
      const role = roles.find((each) => loading.has(each)) ?? roles.find((each) => each in description.files);
      if (!role) throw new Trouble(`The model ${description.name} has no file for ${roles[0]}.`);
      let bytes = loading.get(role);
      if (!bytes) {
        bytes = loadFile(folder, description.files[role], progress);
        bytes.catch(() => loading.delete(role)); // so that asking again tries again
        loading.set(role, bytes);
      }
      return bytes;
    },
    beside: (entry) => loadFile(folder, entry, () => {}), // nobody waits for it
  };
}

async function loadFile(folder: string, entry: Entry, progress: DownloadProgress): Promise<Uint8Array<ArrayBuffer>> {
  const wanted = { url: folder + entry.file, key: entry.sha256, bytes: entry.bytes };
  return new Uint8Array(await download(wanted, (bytes) => checkFile(bytes, entry), progress));
}

/** Throws `Trouble` unless size and SHA-256 are those of the description. Without a secure origin only the size is checked. */
export async function checkFile(bytes: ArrayBuffer, entry: Entry): Promise<void> {
  const damaged = new Trouble(
    `The model file ${entry.file} is damaged, so it was not used; reload the page to download it again.`,
  );
  if (bytes.byteLength !== entry.bytes) throw damaged;
  if (!globalThis.crypto?.subtle) return;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (hex !== entry.sha256) throw damaged;
}
