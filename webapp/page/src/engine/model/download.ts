// Files from beside the page: downloaded with progress, kept in the Cache API, unpacked where they are gzipped.
import { Trouble } from "../trouble";

/** Raised when what is stored under an address changes its meaning. */
const CACHE = "impasto-1";

export type DownloadProgress = (file: string, loaded: number, total: number) => void;

/** What to download. `key` names the content: a hash or a version; `bytes` is the size where it is known, else 0. */
export interface Wanted {
  url: string;
  key: string;
  bytes: number;
}

const fileName = (url: string): string => new URL(url).pathname.split("/").pop() ?? url;

/** The bytes of a file. `check` throws for a damaged one, which is then not kept. Throws `Trouble`. */
export async function download(
  wanted: Wanted,
  check: (bytes: ArrayBuffer) => Promise<void>,
  progress: DownloadProgress,
): Promise<ArrayBuffer> {
  const stored = await openCache();
  const address = `${wanted.url}?key=${encodeURIComponent(wanted.key)}`;
  const kept = await good(stored, address, check);
  if (kept) return kept;
  const bytes = await fetchBytes(wanted, progress);
  await check(bytes);
  await keep(stored, address, bytes);
  return bytes;
}

/** What is stored, if it passes `check`; null else, also where the browser cannot read what it kept. */
async function good(
  stored: Cache | null,
  address: string,
  check: (bytes: ArrayBuffer) => Promise<void>,
): Promise<ArrayBuffer | null> {
  try {
    const bytes = await (await stored?.match(address))?.arrayBuffer();
    if (bytes) await check(bytes);
    return bytes ?? null;
  } catch {
    return null; // it is replaced by what is downloaded now
  }
}

/** The page's cache, older ones removed; null where there is none (insecure origin, private window). */
async function openCache(): Promise<Cache | null> {
  try {
    for (const name of await caches.keys()) {
      if (name.startsWith("impasto-") && name !== CACHE) await caches.delete(name);
    }
    return await caches.open(CACHE);
  } catch {
    return null;
  }
}

/** Store a file in place of its older versions. A full disk is no reason to stop. */
async function keep(stored: Cache | null, address: string, bytes: ArrayBuffer): Promise<void> {
  try {
    await stored?.delete(address, { ignoreSearch: true });
    await stored?.put(address, new Response(bytes.slice(0)));
  } catch {
    /* The file is downloaded again next time. */
  }
}

async function fetchBytes({ url, bytes }: Wanted, progress: DownloadProgress): Promise<ArrayBuffer> {
  const file = fileName(url);
  let response: Response;
  try {
    response = await fetch(url);
  } catch {
    throw new Trouble(`${file} could not be downloaded: check the connection and try again.`);
  }
  if (!response.ok || !response.body)
    throw new Trouble(`${file} could not be downloaded: the server answered ${response.status}.`);
  // The length in the header is that of the packed file where the server compressed it on the way.
  const length = response.headers.has("Content-Encoding") ? 0 : Number(response.headers.get("Content-Length"));
  const got = await collect(response.body, (loaded) => progress(file, loaded, bytes || length), file);
  progress(file, got.byteLength, got.byteLength); // where the length was not known, this is the end
  return got;
}

async function collect(
  body: ReadableStream<Uint8Array>,
  progress: (loaded: number) => void,
  file: string,
): Promise<ArrayBuffer> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let loaded = 0;
  try {
    const reader = body.getReader();
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      chunks.push(chunk.value as Uint8Array<ArrayBuffer>);
      loaded += chunk.value.length;
      progress(loaded);
    }
  } catch {
    throw new Trouble(`The download of ${file} broke off: check the connection and try again.`);
  }
  return new Blob(chunks).arrayBuffer();
}

/** Unpack gzip; anything else (a server may have unpacked it already) is given back as it is. */
export async function unpack(bytes: ArrayBuffer): Promise<ArrayBuffer> {
  const [first, second] = new Uint8Array(bytes, 0, 2);
  if (first !== 0x1f || second !== 0x8b) return bytes;
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}
