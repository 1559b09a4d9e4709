// Storage that a browser refuses, or cannot read any more, keeps nobody from painting.
import { afterEach, expect, test, vi } from "vitest";
import { download } from "../../../src/engine/model/download";

const WANTED = { url: "http://localhost/frame.onnx", key: "1", bytes: 3 };
const fresh = Uint8Array.of(1, 2, 3);

/** Downloads beside a cache, and gives what came and what the cache was given. */
async function downloaded(cache: Partial<Cache>): Promise<[Uint8Array, string[]]> {
  const kept: string[] = [];
  const put = async (address: RequestInfo | URL) => void kept.push(String(address));
  vi.stubGlobal("caches", { keys: async () => [], open: async () => ({ delete: async () => true, put, ...cache }) });
  vi.stubGlobal("fetch", async () => new Response(fresh));
  const check = async (bytes: ArrayBuffer) => {
    if (new Uint8Array(bytes)[0] !== 1) throw new Error("damaged");
  };
  return [new Uint8Array(await download(WANTED, check, () => {})), kept];
}

const fails = (name: string) => async () => {
  throw new DOMException("", name);
};

afterEach(() => vi.unstubAllGlobals());

test("what is kept and whole is not fetched again", async () => {
  const [bytes, kept] = await downloaded({ match: async () => new Response(Uint8Array.of(1, 9)) });
  expect([...bytes]).toEqual([1, 9]);
  expect(kept).toEqual([]);
});

test.each<[string, Partial<Cache>, number]>([
  ["a cache that cannot be asked", { match: fails("UnknownError") }, 1],
  [
    "a kept file that cannot be read",
    { match: async () => ({ arrayBuffer: fails("NotFoundError") }) as unknown as Response },
    1,
  ],
  ["a kept file that is damaged", { match: async () => new Response(Uint8Array.of(7)) }, 1],
  ["a full disk", { match: async () => undefined, put: fails("QuotaExceededError") }, 0],
  ["a cache that cannot be changed", { match: async () => undefined, delete: fails("UnknownError") }, 0],
])("the file is fetched beside %s", async (_, cache, times) => {
  const [bytes, kept] = await downloaded(cache);
  expect([...bytes]).toEqual([...fresh]);
  expect(kept).toHaveLength(times);
});
