import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";

import { afterEach, describe, expect, test, vi } from "vitest";

import { tellNewer, worthKeeping } from "../../src/offline/offline";

const SCOPE = "https://place.example/live/";

test("models and runtimes, and what is not the page's own, are left to others", () => {
  const all = ["assets/a.js", "models/m/gallery.json", "models/m/frame.onnx?v=1", "ort/x.wasm.gz", "assets/a.js#b"];
  expect(worthKeeping([...all.map((path) => SCOPE + path), "https://place.example/", "blob:x"], SCOPE)).toEqual([
    `${SCOPE}assets/a.js`,
    `${SCOPE}models/m/gallery.json`,
  ]);
});

afterEach(() => vi.unstubAllGlobals());

test("a worker that is installed after a deploy is told what was loaded, too", () => {
  vi.stubGlobal("performance", { getEntriesByType: () => [{ name: `${SCOPE}config.json` }] });
  vi.stubGlobal("document", { images: [] });
  const worker = () => ({ postMessage: vi.fn() });
  const [now, later] = [worker(), worker()];
  const registration = Object.assign(new EventTarget(), { scope: SCOPE, installing: now });
  tellNewer(registration as unknown as ServiceWorkerRegistration);
  registration.installing = later;
  registration.dispatchEvent(new Event("updatefound"));
  for (const { postMessage } of [now, later]) expect(postMessage.mock.calls).toEqual([[[`${SCOPE}config.json`]]]);
});

/** A cache and a network as the worker sees them; the network can be cut. */
function place() {
  const stored = new Map<string, Response>();
  const network = new Map<string, Response>();
  const asked: string[] = [];
  const state = { online: true, full: false, broken: false };
  const plain = (address: string) => address.replace(/\?.*$/, "");
  const cache = {
    match: async (request: string | Request) => stored.get(plain(urlOf(request)))?.clone(),
    put: async (request: string | Request, answer: Response) => {
      if (state.full) throw new DOMException("Quota exceeded.", "QuotaExceededError");
      stored.set(plain(urlOf(request)), answer);
    },
    add: async (address: string) => {
      const answer = await fetched(address);
      if (!answer.ok) throw new TypeError("Request failed");
      stored.set(plain(address), answer);
    },
  };
  const urlOf = (request: string | Request) => (typeof request === "string" ? request : request.url);
  const fetched = async (request: string | Request) => {
    const answer = network.get(plain(urlOf(request)));
    asked.push(plain(urlOf(request)).replace(SCOPE, ""));
    if (!state.online) throw new TypeError("Failed to fetch");
    return answer?.clone() ?? new Response("", { status: 404 });
  };
  const listeners: Record<string, (event: unknown) => void> = {};
  const self = {
    registration: { scope: SCOPE },
    clients: { claim: async () => void asked.push("claimed") },
    addEventListener: (kind: string, listener: (event: unknown) => void) => {
      listeners[kind] = listener;
    },
  };
  const stumble = (): undefined => {
    if (state.broken) throw new DOMException("Internal error.", "UnknownError");
  };
  const caches = {
    open: async () => stumble() ?? cache,
    keys: async () => stumble() ?? ["page-old", "impasto-1"],
    delete: async () => true,
  };
  const code = readFileSync(new URL("../../src/offline/sw.js", import.meta.url), "utf8")
    .replace("PAGE_FILES", '["assets/a.js"]')
    .replace("PAGE_CACHE", '"page-1"');
  runInNewContext(code, { self, caches, fetch: fetched, URL, Set, Headers, Response, Promise, setTimeout, Error });
  /** What the page gets for an address; null where the worker leaves it to the browser. */
  const get = async (path: string, mode = "cors"): Promise<Response | null> => {
    let answer: Promise<Response> | null = null;
    const request = { url: SCOPE + path, method: "GET", mode };
    listeners.fetch({ request, respondWith: (given: Promise<Response>) => (answer = given) });
    return answer;
  };
  const settle = async (kind: string) => {
    let work: Promise<void> | null = null;
    listeners[kind]({ waitUntil: (given: Promise<void>) => (work = given) });
    await work;
  };
  return { network, asked, state, get, settle };
}

describe("the service worker", () => {
  const headers = { "Cross-Origin-Embedder-Policy": "require-corp" };
  const visited = async () => {
    const here = place();
    here.network.set(SCOPE, new Response("page 1", { headers }));
    here.network.set(`${SCOPE}assets/a.js`, new Response("code"));
    here.network.set(`${SCOPE}config.json`, new Response("{}"));
    await here.settle("install");
    await here.settle("activate");
    return here;
  };

  test("without a network, the page is the one of the last visit", async () => {
    const here = await visited();
    await here.get("config.json");
    here.network.set(SCOPE, new Response("page 2", { headers }));
    expect(await (await here.get("?obs=1", "navigate"))!.text()).toBe("page 2"); // the newest, where there is one
    here.state.online = false;
    expect(await (await here.get("", "navigate"))!.text()).toBe("page 2");
    expect(await (await here.get("assets/a.js"))!.text()).toBe("code");
    expect(await (await here.get("config.json"))!.text()).toBe("{}");
    await expect(here.get("models/m/model.json")).rejects.toThrow("fetch"); // never seen
  });

  test("a page of a later build is not kept beside this build's files", async () => {
    const here = await visited();
    const later = '<script type="module" src="./assets/b.js"></script>';
    here.network.set(SCOPE, new Response(later, { headers }));
    expect(await (await here.get("", "navigate"))!.text()).toBe(later);
    here.state.online = false;
    expect(await (await here.get("", "navigate"))!.text()).toBe("page 1"); // whose files are all there
  });

  test("where nothing more can be stored, the network's answers arrive all the same", async () => {
    const here = await visited();
    here.state.full = true;
    here.network.set(SCOPE, new Response("page 2", { headers }));
    here.network.set(`${SCOPE}models/m/a.webp`, new Response("picture"));
    expect(await (await here.get("", "navigate"))!.text()).toBe("page 2");
    expect(await (await here.get("config.json"))!.text()).toBe("{}");
    expect(await (await here.get("models/m/a.webp"))!.text()).toBe("picture");
  });

  test("where the storage fails, the network's answers arrive all the same", async () => {
    const here = await visited();
    here.asked.length = 0;
    here.state.broken = true;
    await here.settle("activate");
    expect(here.asked).toEqual(["claimed"]);
    expect(await (await here.get("", "navigate"))!.text()).toBe("page 1");
    expect(await (await here.get("config.json"))!.text()).toBe("{}");
    expect(await (await here.get("assets/a.js"))!.text()).toBe("code");
  });

  test("an installing that was cut short goes on from what came", async () => {
    const here = place();
    here.network.set(`${SCOPE}assets/a.js`, new Response("code"));
    await expect(here.settle("install")).rejects.toThrow(); // the page itself did not come
    here.network.set(SCOPE, new Response("page 1", { headers }));
    here.asked.length = 0;
    await here.settle("install");
    expect(here.asked).toEqual([""]);
    here.state.online = false;
    expect(await (await here.get("assets/a.js"))!.text()).toBe("code");
  });

  test("a page of another build is not installed beside this build's files", async () => {
    const here = place();
    here.network.set(`${SCOPE}assets/a.js`, new Response("code"));
    here.network.set(SCOPE, new Response('<script type="module" src="./assets/b.js"></script>'));
    await expect(here.settle("install")).rejects.toThrow("another build");
  });

  test("the page gets the header that gives threads in a frame, where it is isolated otherwise", async () => {
    const here = await visited();
    const policy = async () => (await here.get("", "navigate"))!.headers.get("Document-Isolation-Policy");
    expect(await policy()).toBe("isolate-and-require-corp");
    here.network.set(SCOPE, new Response("page 3"));
    expect(await policy()).toBeNull();
  });

  test("what never changes is asked for once", async () => {
    const here = await visited();
    here.asked.length = 0;
    await here.get("assets/a.js");
    expect(here.asked).toEqual([]);
  });

  test("models, runtimes and other pages are none of its business", async () => {
    const here = await visited();
    expect(await here.get("models/m/frame.onnx")).toBeNull();
    expect(await here.get("ort/x.wasm.gz")).toBeNull();
    expect(await here.get("other.html", "navigate")).toBeNull();
  });
});
