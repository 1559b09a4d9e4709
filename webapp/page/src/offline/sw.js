// The service worker: the page opens without a network, after one visit. Models and runtimes are no business of its:
// src/engine/model/download.ts keeps those. The build fills in the two constants: the page's own files, and a name made of
// theirs, so that each version of the page has a cache of its own.
const FILES = PAGE_FILES;
const CACHE = PAGE_CACHE;
/** What a network that answers no more is given, milliseconds. */
const PATIENCE = 4000;
/** What tells what there is: asked for anew where there is a network, and kept for where there is none. */
const FRESH = /\/(config\.json|models\/[^/]+\/(model|gallery)\.json)$/;
const PREVIEW = /\/models\/[^/]+\/.+\.(webp|jpg|png)$/;

const scope = new URL(self.registration.scope);
const listed = new Set(FILES.map((file) => new URL(file, scope).href));

self.addEventListener("install", (event) => {
  event.waitUntil(Promise.all([addPage(), ...[...listed].map(addOnce)]));
});

self.addEventListener("activate", (event) => {
  const tidy = async () => {
    for (const name of await caches.keys()) if (name.startsWith("page-") && name !== CACHE) await caches.delete(name);
  };
  event.waitUntil(
    tidy()
      .catch(() => {})
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("message", (event) => {
  // What the page loaded before this worker was there.
  if (Array.isArray(event.data)) event.waitUntil(Promise.allSettled(event.data.map(addOnce)));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== scope.origin || !url.pathname.startsWith(scope.pathname)) return;
  if (request.mode === "navigate") {
    const page = url.pathname === scope.pathname || url.pathname === `${scope.pathname}index.html`;
    if (page) event.respondWith(fromNetwork(request, scope.href).then(isolated));
  } else if (listed.has(url.origin + url.pathname)) event.respondWith(fromCache(request));
  else if (FRESH.test(url.pathname)) event.respondWith(fromNetwork(request, request.url));
  else if (PREVIEW.test(url.pathname)) event.respondWith(fromCache(request));
});

/** The network's answer, which is kept under an address; what was kept where there is none, or it takes too long. */
async function fromNetwork(request, address) {
  const kept = await find(address);
  const network = fetch(request).then(async (answer) => {
    if (request.mode !== "navigate" || (await ofThisBuild(answer.clone()))) await keep(address, answer);
    return answer;
  });
  if (!kept) return network;
  const usable = network.then(
    (answer) => (answer.status < 500 ? answer : kept),
    () => kept,
  );
  return Promise.race([usable, new Promise((resolve) => setTimeout(resolve, PATIENCE, kept))]);
}

async function fromCache(request) {
  const kept = await find(request);
  if (kept) return kept;
  const answer = await fetch(request);
  await keep(request, answer);
  return answer;
}

/** What is kept under an address, if anything: a storage that fails has nothing. */
async function find(address) {
  try {
    return await (await caches.open(CACHE)).match(address, { ignoreSearch: true });
  } catch {
    return undefined;
  }
}

/** Keeps an answer, where that can be: a storage that is full or fails is no reason to withhold what the network gave. */
async function keep(address, answer) {
  try {
    if (answer.ok) await (await caches.open(CACHE)).put(address, answer.clone());
  } catch {}
}

/** Keeps the page itself as it is now. Rejects where it is of another build, of which this worker has no files. */
async function addPage() {
  const page = await fetch(scope.href, { cache: "no-cache" });
  if (!page.ok || !(await ofThisBuild(page.clone()))) throw new Error("The page is of another build.");
  await (await caches.open(CACHE)).put(scope.href, page);
}

/** Keeps a file, unless it is there: an installing that was cut short goes on from what came. */
async function addOnce(address) {
  const cache = await caches.open(CACHE);
  if (!(await cache.match(address, { ignoreSearch: true }))) await cache.add(address);
}

/** Whether all files that a page names are this worker's: without a network, one of a later build would find none of its own. */
async function ofThisBuild(page) {
  const named = (await page.text()).match(/\bassets\/[\w.-]+\.(js|css)\b/g) ?? [];
  return named.every((file) => listed.has(new URL(file, scope).href));
}

/**
 * In a frame of another page only this header gives threads, and a static Space can name but the other ones. It is added
 * where the page is isolated otherwise.
 */
function isolated(answer) {
  const { headers } = answer;
  if (answer.type === "opaqueredirect" || headers.has("Document-Isolation-Policy")) return answer;
  if (headers.get("Cross-Origin-Embedder-Policy") !== "require-corp") return answer;
  const more = new Headers(headers);
  more.set("Document-Isolation-Policy", "isolate-and-require-corp");
  return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers: more });
}
