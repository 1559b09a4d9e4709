// Models beside the page: the description, and its files checked against it.
import type { ModelDescription } from "../../types";
import { Trouble } from "../trouble";
import { type DownloadProgress, download } from "./download";

/** Of `export/runtime/model.py`. */
const FORMAT = 2;

/** A model, its files loaded when they are asked for and kept while the page lives. */
export interface Model {
  description: ModelDescription;
  /** The bytes of the first of these roles that the model has. Throws `Trouble`. */
  file(...roles: string[]): Promise<Uint8Array>;
}

/** Read `models/NAME/model.json`, relative to the page. Throws `Trouble`. */
export async function loadModel(base: string, name: string, progress: DownloadProgress): Promise<Model> {
  const folder = new URL(`models/${name}/`, base).href;
  const description = await readDescription(`${folder}model.json`, name);
  const loading = new Map<string, Promise<Uint8Array>>();
  return {
    description,
    async file(...roles) {
      const role = roles.find((each) => each in description.files);
      if (!role) throw new Trouble(`The model ${name} has no file for ${roles[0]}.`);
      let bytes = loading.get(role);
      if (!bytes) {
        bytes = loadFile(folder, description.files[role], progress);
        bytes.catch(() => loading.delete(role)); // so that asking again tries again
        loading.set(role, bytes);
      }
      return bytes;
    },
  };
}

async function readDescription(url: string, name: string): Promise<ModelDescription> {
  const response = await fetch(url, { cache: "no-cache" }).catch(() => null);
  if (!response?.ok)
    throw new Trouble(`The model ${name} could not be downloaded: check the connection and try again.`);
  try {
    const description = (await response.json()) as ModelDescription;
    if (!(description.style_size > 0 && description.multiple > 0 && description.files.frame)) throw new Error();
    if (description.format < FORMAT) description.state = []; // an earlier kind of step graph: frame by frame
    return description;
  } catch {
    throw new Trouble(
      `The description of the model ${name} is damaged; whoever runs this page must install the model again.`,
    );
  }
}

type Entry = ModelDescription["files"][string];

async function loadFile(folder: string, entry: Entry, progress: DownloadProgress): Promise<Uint8Array> {
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
