// The person's own styles, kept on this device: pictures and `.style` files as they came, in the order they came.

const [DATABASE, STORE] = ["impasto", "styles"];
/** More are not kept: the oldest go. */
export const MOST = 40;

/** A kept file and its number. */
export interface Remembered {
  id: number;
  file: File;
}

const open = (): Promise<IDBDatabase> =>
  new Promise((resolve, reject) => {
    const asked = indexedDB.open(DATABASE, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { autoIncrement: true });
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });

const done = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

async function withStore<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => Promise<T>): Promise<T> {
  const database = await open();
  try {
    return await work(database.transaction(STORE, mode).objectStore(STORE));
  } finally {
    database.close();
  }
}

/** Everything kept; nothing where the browser keeps nothing (a private window). */
export function remembered(): Promise<Remembered[]> {
  return withStore("readonly", async (store) => {
    const [ids, files] = await Promise.all([done(store.getAllKeys()), done(store.getAll())]);
    return ids.map((id, i) => ({ id: Number(id), file: files[i] as File }));
  }).catch(() => []);
}

/** Keeps a file; its number, or null where it cannot be kept: the page goes on without. */
export function remember(file: File): Promise<number | null> {
  return withStore("readwrite", async (store) => {
    const id = Number(await done(store.add(file)));
    const ids = await done(store.getAllKeys());
    for (const old of ids.slice(0, Math.max(0, ids.length - MOST))) store.delete(old);
    return id;
  }).catch(() => null);
}

export async function forget(id: number): Promise<void> {
  await withStore("readwrite", (store) => done(store.delete(id))).catch(() => {});
}
