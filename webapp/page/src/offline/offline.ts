// Makes the page one that opens without a network: registers the service worker, and tells it what was loaded before it.
import type { Engine } from "../types";

/** What of the page's addresses belongs in the service worker's cache: models and runtimes are kept elsewhere. Pure. */
export function worthKeeping(addresses: readonly string[], scope: string): string[] {
  const inScope = addresses.filter(
    (address) => address.startsWith(scope) && !/\.(onnx|gz|style)([?#]|$)/.test(address),
  );
  return [...new Set(inScope.map((address) => address.replace(/#.*$/, "")))];
}

/** Once something is painted: whoever only looks in is not made to download more. */
export function keepForOffline(engine: Pick<Engine, "on">): void {
  if (!navigator.serviceWorker || !isSecureContext || import.meta.env.DEV) return;
  const stop = engine.on((event) => {
    if (event.kind !== "painted") return;
    stop();
    register().catch(() => {}); // a private window, or a browser that keeps nothing: the page works without
  });
}

async function register(): Promise<void> {
  const registration = await navigator.serviceWorker.register("./sw.js", { scope: "./" });
  tellNewer(registration);
  await navigator.serviceWorker.ready;
  tell(registration, registration.active);
  tell(registration, registration.waiting);
}

/** After a deploy the worker of the new build keeps its files in a cache of its own, and serves none of them so far. */
export function tellNewer(registration: ServiceWorkerRegistration): void {
  tell(registration, registration.installing);
  registration.addEventListener("updatefound", () => tell(registration, registration.installing));
}

function tell(registration: ServiceWorkerRegistration, worker: ServiceWorker | null): void {
  const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
  const pictures = Array.from(document.images, ({ src }) => src); // of styles that were not in sight, too
  worker?.postMessage(worthKeeping([...loaded, ...pictures], registration.scope));
}
