// How the page is built: relative addresses, ONNX Runtime's binaries packed beside it, no source maps.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

import { defaultClientConditions, type Plugin } from "vite";
import { defineConfig } from "vitest/config";

const ORT = join(import.meta.dirname, "node_modules/onnxruntime-web");
const CACHE = join(import.meta.dirname, "node_modules/.cache/impasto");
/** The CPU runtime, WebGPU where WebAssembly can wait for promises (JSPI), WebGPU elsewhere. */
const VARIANTS = ["ort-wasm-simd-threaded", "ort-wasm-simd-threaded.jspi", "ort-wasm-simd-threaded.asyncify"];

/** What gives WebAssembly its threads. */
const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Document-Isolation-Policy": "isolate-and-require-corp",
};

/** The packed binary of a variant: compressed once for each version of the runtime, then taken from the cache. */
async function packed(variant: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(ORT, "package.json"), "utf8"));
  const file = join(CACHE, `${variant}-${version}.wasm.gz`);
  if (!(await stat(file).catch(() => null))) {
    const bytes = await promisify(gzip)(await readFile(join(ORT, "dist", `${variant}.wasm`)), { level: 9 });
    await mkdir(CACHE, { recursive: true });
    await writeFile(`${file}.${process.pid}`, bytes);
    await rename(`${file}.${process.pid}`, file);
  }
  return file;
}

/** Puts `ort/VARIANT.mjs` and `ort/VARIANT.wasm.gz` beside the page, built or served by `vite dev`. */
function onnxRuntime(): Plugin {
  return {
    name: "onnx-runtime",
    apply: (config) => config.mode !== "test",
    async generateBundle() {
      for (const variant of VARIANTS) {
        const glue = await readFile(join(ORT, "dist", `${variant}.mjs`));
        this.emitFile({ type: "asset", fileName: `ort/${variant}.mjs`, source: glue });
        this.emitFile({
          type: "asset",
          fileName: `ort/${variant}.wasm.gz`,
          source: await readFile(await packed(variant)),
        });
      }
    },
    configureServer(server) {
      server.middlewares.use(async (request, response, next) => {
        const name = new URL(request.url ?? "/", "http://page").pathname.replace(/^\/ort\//, "");
        const variant = VARIANTS.find((each) => name === `${each}.mjs` || name === `${each}.wasm.gz`);
        if (!variant) return next();
        const glue = name.endsWith(".mjs");
        for (const [header, value] of Object.entries(ISOLATION)) response.setHeader(header, value);
        response.setHeader("Content-Type", glue ? "text/javascript" : "application/gzip");
        createReadStream(glue ? join(ORT, "dist", name) : await packed(variant)).pipe(response);
      });
    },
  };
}

/** Puts the service worker beside the page, with the names of the page's own files in it. */
function serviceWorker(): Plugin {
  return {
    name: "service-worker",
    apply: "build",
    async generateBundle(_, bundle) {
      const code = await readFile(join(import.meta.dirname, "src/offline/sw.js"), "utf8");
      // The page for files needs its server; graphs and runtimes are kept by what fetches them.
      const others = /studio|\.mp4$|\.html$|\.gz$|\.onnx$/;
      const files = Object.keys(bundle)
        .filter((name) => !others.test(name))
        .sort();
      const names = createHash("sha256").update(files.join("\n")).digest("hex").slice(0, 12);
      const source = code
        .replace("PAGE_FILES", () => JSON.stringify(files))
        .replace("PAGE_CACHE", () => JSON.stringify(`page-${names}`));
      this.emitFile({ type: "asset", fileName: "sw.js", source });
    },
  };
}

interface ModuleGraph {
  getModuleInfo(id: string): { isEntry: boolean; importers: readonly string[] } | null;
}

/** The file for what a worker needs at once, besides its entry; null for what it fetches later. */
function neededAtOnce(id: string, graph: ModuleGraph, seen = new Set<string>()): "needed" | null {
  const { isEntry, importers } = graph.getModuleInfo(id) ?? { isEntry: false, importers: [] };
  if (isEntry) return seen.size ? "needed" : null;
  seen.add(id);
  return importers.some((each) => !seen.has(each) && neededAtOnce(each, graph, seen)) ? "needed" : null;
}

/**
 * WebKit knows the file that a worker begins with by no address: what imports it from there gets it run a second time, with
 * a state of its own, in which no question of the page is ever answered. So nothing may import it.
 */
function entriesApart(): Plugin {
  return {
    name: "entries-apart",
    generateBundle(_, bundle) {
      const chunks = Object.values(bundle).filter((each) => each.type === "chunk");
      for (const { fileName } of chunks.filter(({ isEntry }) => isEntry)) {
        const importer = chunks.find(({ imports, dynamicImports }) =>
          [...imports, ...dynamicImports].includes(fileName),
        );
        if (importer) this.error(`${importer.fileName} imports ${fileName}, with which a worker begins.`);
      }
    },
  };
}

/** What a running `impasto app` lends to `vite dev`. */
const lent = { target: "http://127.0.0.1:7860/live", ws: true };

export default defineConfig({
  base: "./",
  // Without this condition the bundler would follow the runtime's own reference to its binary and ship it unpacked.
  resolve: { conditions: ["onnxruntime-web-use-extern-wasm", ...defaultClientConditions] },
  plugins: [onnxRuntime(), serviceWorker()],
  worker: {
    format: "es",
    plugins: () => [entriesApart()],
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: neededAtOnce }] } } },
  },
  build: {
    target: "es2022",
    sourcemap: false,
    reportCompressedSize: true,
    // A graph stays a file, however small: the page's security policy lets nothing else be fetched.
    assetsInlineLimit: (file) => (file.endsWith(".onnx") ? false : undefined),
    rolldownOptions: { input: ["index.html", "studio.html"] },
  },
  server: {
    proxy: { "/config.json": lent, "/models": lent, "/socket": lent },
    headers: ISOLATION,
    fs: { allow: [".", "../../models/person"] },
  },
  test: {
    include: ["tests/**/*.test.ts"],
    pool: "threads", // sooner there than processes
    maxWorkers: "100%", // of the cores; by default one is left idle
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
