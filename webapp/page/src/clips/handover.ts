// A clip taken from the live page to the page for files, on this device: it waits in the browser's cache until it is taken.

const CACHE = "handover";
const ADDRESS = "/handover/clip";

/** Leaves a clip for the page for files. Rejects where the browser keeps nothing (a private window, a full disk). */
export async function handOver(file: File): Promise<void> {
  const cache = await caches.open(CACHE);
  const headers = { "Content-Type": file.type || "application/octet-stream", "X-Name": encodeURIComponent(file.name) };
  await cache.put(ADDRESS, new Response(file, { headers }));
}

/** The clip that was left, which is then no longer there; null where there is none. */
export async function takeHandedOver(): Promise<File | null> {
  try {
    const cache = await caches.open(CACHE);
    const found = await cache.match(ADDRESS);
    if (!found) return null;
    await caches.delete(CACHE);
    const name = decodeURIComponent(found.headers.get("X-Name") ?? "clip");
    return new File([await found.blob()], name, { type: found.headers.get("Content-Type") ?? "" });
  } catch {
    return null; // an insecure address, or a private window
  }
}
