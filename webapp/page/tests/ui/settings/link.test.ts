import { describe, expect, it } from "vitest";
import { parseLook, writeLook } from "../../../src/ui/settings/link";
import { DEFAULT_LOOK, type Look } from "../../../src/ui/settings/settings";

const KNOWN = new Set(["starry-night", "great-wave", "the-scream", "udnie", "irises"]);
const read = (hash: string): Look => ({ ...DEFAULT_LOOK, ...parseLook(hash, KNOWN) });

describe("a look in the address", () => {
  it("comes back as it was written", () => {
    const look: Look = {
      mix: [
        { key: "great-wave", weight: 0.25 },
        { key: "udnie", weight: 1 },
      ],
      strength: 0.62,
      stability: 0.3,
      keepColors: true,
      mirror: false,
      side: 256,
      painter: "wasm",
      split: 0.375,
    };
    expect(read(`#${writeLook(look)}`)).toEqual(look);
  });

  it("writes only what differs from the default", () => {
    expect(writeLook(DEFAULT_LOOK)).toBe("");
    expect(writeLook({ ...DEFAULT_LOOK, mix: [{ key: "irises", weight: 0.4 }], strength: 0 })).toBe(
      "style=irises&strength=0",
    );
  });

  it("keeps own pictures out", () => {
    const mix = [
      { key: "own:1", weight: 1 },
      { key: "irises", weight: 0.5 },
    ];
    expect(writeLook({ ...DEFAULT_LOOK, mix })).toBe("style=irises");
    expect(parseLook("style=own:1", KNOWN).mix).toBeUndefined();
  });

  it("keeps at most four styles, each once", () => {
    const { mix } = parseLook("style=starry-night,great-wave:0.5,starry-night,the-scream,udnie,irises", KNOWN);
    expect(mix?.map((part) => part.key)).toEqual(["starry-night", "great-wave", "the-scream", "udnie"]);
  });

  it.each([
    "#",
    "#style=",
    "#style=unknown",
    "#style=irises:2",
    "#style=irises:-1",
    "#style=irises:NaN",
    "#strength=1.5",
    "#strength=1e-1",
    "#strength=",
    "#strength=Infinity",
    "#size=12",
    "#size=99999",
    "#size=abc",
    "#painter=cuda",
    "#mirror=1",
    "#colors=yes",
    "#split=-0.1",
    "#split=2",
    "#%E0%A4%A",
    "#&&==&",
    "#style=__proto__",
  ])("leaves out what makes no sense: %s", (hash) => {
    expect(parseLook(hash, KNOWN)).toEqual({});
  });

  it("reads every field by itself", () => {
    expect(parseLook("#mirror=yes", KNOWN)).toEqual({ mirror: true });
    expect(parseLook("#painter=server&size=320.4", KNOWN)).toEqual({ painter: "server", side: 320 });
    expect(parseLook("#split=0", KNOWN)).toEqual({ split: 0 });
  });
});
