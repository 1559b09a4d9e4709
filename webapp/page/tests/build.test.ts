// What the bundler makes of the workers.
import { resolve } from "node:path";
import { build, type Rollup } from "vite";
import { expect, test } from "vitest";

test("nothing imports the file that a worker begins with: WebKit would run it a second time", async () => {
  const root = resolve(import.meta.dirname, "..");
  // In the mode "test" the runtimes, which are large, stay out.
  const { output } = (await build({
    root,
    mode: "test",
    logLevel: "silent",
    build: { write: false },
  })) as Rollup.RollupOutput;
  const code = new Map(
    output.map((each) => [
      each.fileName.replace("assets/", ""),
      String(each.type === "chunk" ? each.code : each.source),
    ]),
  );
  const entries = [...code.keys()].filter((name) => /^(worker|lane)-[\w-]+\.js$/.test(name));
  expect(entries).toHaveLength(3);
  for (const [name, text] of code)
    for (const entry of entries) {
      const escaped = entry.replaceAll(".", "\\.");
      expect(text, `${name} imports ${entry}`).not.toMatch(new RegExp(`(from|import)\\s*\\(?["'\`]\\./${escaped}`));
    }
});
