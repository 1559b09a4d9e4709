import { describe, expect, it } from "vitest";
import { parseSettings, writeSettings } from "../../../src/ui/settings/link";
import { DEFAULT_SETTINGS, type Settings } from "../../../src/ui/settings/settings";

const KNOWN = new Set(["starry-night", "great-wave", "the-scream", "udnie", "irises"]);
const RULES = { styles_at_once: 4, least_side: 64 };
const read = (hash: string): Settings => ({ ...DEFAULT_SETTINGS, ...parseSettings(hash, KNOWN, RULES) });

describe("settings in the address", () => {
  it("comes back as it was written", () => {
    const settings: Settings = {
      mix: [
        { key: "great-wave", weight: 0.25 },
        { key: "udnie", weight: 1 },
      ],
      strength: 0.62,
      stability: 0.3,
      keepColors: true,
      mirror: false,
      side: 256,
      backend: "wasm",
      split: 0.375,
      who: "each",
      behind: [{ key: "irises", weight: 1 }],
      choosing: "mix",
    };
    expect(read(`#${writeSettings(settings)}`)).toEqual(settings);
  });

  it("writes only what differs from the default", () => {
    expect(writeSettings(DEFAULT_SETTINGS)).toBe("");
    expect(writeSettings({ ...DEFAULT_SETTINGS, mix: [{ key: "irises", weight: 0.4 }], strength: 0 })).toBe(
      "style=irises&strength=0",
    );
  });

  it("has what is behind people only where it is painted", () => {
    const behind = [
      { key: "irises", weight: 0.5 },
      { key: "own:1", weight: 1 },
    ];
    expect(writeSettings({ ...DEFAULT_SETTINGS, who: "person", behind })).toBe("who=person");
    expect(writeSettings({ ...DEFAULT_SETTINGS, who: "each", behind })).toBe("who=each&behind=irises");
    expect(parseSettings("who=background&behind=irises", KNOWN, RULES)).toEqual({ who: "background" });
    expect(parseSettings("who=everybody", KNOWN, RULES)).toEqual({});
  });

  it("keeps own pictures out", () => {
    const mix = [
      { key: "own:1", weight: 1 },
      { key: "irises", weight: 0.5 },
    ];
    expect(writeSettings({ ...DEFAULT_SETTINGS, mix })).toBe("style=irises");
    expect(parseSettings("style=own:1", KNOWN, RULES).mix).toBeUndefined();
  });

  it("keeps at most four styles, each once", () => {
    const { mix } = parseSettings(
      "style=starry-night,great-wave:0.5,starry-night,the-scream,udnie,irises",
      KNOWN,
      RULES,
    );
    expect(mix?.map((entry) => entry.key)).toEqual(["starry-night", "great-wave", "the-scream", "udnie"]);
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
    expect(parseSettings(hash, KNOWN, RULES)).toEqual({});
  });

  it("reads every field by itself", () => {
    expect(parseSettings("#mirror=yes", KNOWN, RULES)).toEqual({ mirror: true });
    expect(parseSettings("#painter=server&size=320.4", KNOWN, RULES)).toEqual({ backend: "server", side: 320 });
    expect(parseSettings("#split=0", KNOWN, RULES)).toEqual({ split: 0 });
  });
});
