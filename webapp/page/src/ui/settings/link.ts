// The settings in the part of the address after "#": style=starry-night:0.6,great-wave:0.4&strength=0.8&colors=keep …
// Only what differs from the default is written, and whatever makes no sense is left out when reading.
import type { Backend, Rules, Who } from "../../types";
import { isOwn, type Mix, type MixEntry } from "../styles/mix";
import { DEFAULT_SETTINGS, type Settings } from "./settings";

const WHO: readonly Who[] = ["all", "person", "background", "each"];
const BACKENDS: readonly (Backend | "auto")[] = ["auto", "webgpu", "wasm", "server"];
/** Largest short side that a link may ask for, pixels; the smallest is the model's. */
const LARGEST_SIDE = 1080;

/** A number of `text` within [low, high]; null for anything else. */
function numberIn(text: string | null, low: number, high: number): number | null {
  if (text === null || !/^\d+(\.\d+)?$/.test(text)) return null;
  const value = Number(text);
  return value >= low && value <= high ? value : null;
}

const short = (value: number): string => String(Math.round(value * 1000) / 1000);

function parseMix(text: string | null, known: ReadonlySet<string>, most: number): Mix {
  const parts: MixEntry[] = [];
  for (const item of (text ?? "").split(",")) {
    const [key = "", weightText] = item.split(":");
    const weight = weightText === undefined ? 1 : numberIn(weightText, 0, 1);
    if (weight === null || !known.has(key) || parts.some((entry) => entry.key === key)) continue;
    parts.push({ key, weight });
    if (parts.length === most) break;
  }
  return parts;
}

/** What the address says about the settings; `known` are the names of the built-in styles. Never throws. */
export function parseSettings(
  hash: string,
  known: ReadonlySet<string>,
  rules: Pick<Rules, "styles_at_once" | "least_side">,
): Partial<Settings> {
  const fields = new URLSearchParams(hash.replace(/^#/, ""));
  const settings: Partial<Settings> = {};
  const mix = parseMix(fields.get("style"), known, rules.styles_at_once);
  if (mix.length) settings.mix = mix;
  const strength = numberIn(fields.get("strength"), 0, 1);
  if (strength !== null) settings.strength = strength;
  const stability = numberIn(fields.get("stability"), 0, 1);
  if (stability !== null) settings.stability = stability;
  if (fields.get("colors") === "keep") settings.keepColors = true;
  const mirror = fields.get("mirror");
  if (mirror === "yes" || mirror === "no") settings.mirror = mirror === "yes";
  const side = numberIn(fields.get("size"), rules.least_side, LARGEST_SIDE);
  if (side !== null) settings.side = Math.round(side);
  const backend = BACKENDS.find((name) => name === fields.get("painter"));
  if (backend) settings.backend = backend;
  const split = numberIn(fields.get("split"), 0, 1);
  if (split !== null) settings.split = split;
  const who = WHO.find((name) => name === fields.get("who"));
  if (who) settings.who = who;
  const behind = parseMix(fields.get("behind"), known, rules.styles_at_once);
  if (behind.length && who === "each") settings.behind = behind;
  return settings;
}

/** The built-in styles of a mix as a link has them. */
function writeMix(mix: Mix): string {
  const shared = mix.filter((entry) => !isOwn(entry.key));
  if (shared.length === 1) return shared[0].key;
  return shared.map(({ key, weight }) => `${key}:${short(weight)}`).join(",");
}

/** The settings as text for after "#", without the "#"; empty for the default settings. Own pictures are left out. */
export function writeSettings(settings: Settings): string {
  const fields: string[] = [];
  if (writeMix(settings.mix)) fields.push(`style=${writeMix(settings.mix)}`);
  if (settings.strength !== DEFAULT_SETTINGS.strength) fields.push(`strength=${short(settings.strength)}`);
  if (settings.stability !== DEFAULT_SETTINGS.stability) fields.push(`stability=${short(settings.stability)}`);
  if (settings.keepColors) fields.push("colors=keep");
  if (settings.mirror !== null) fields.push(`mirror=${settings.mirror ? "yes" : "no"}`);
  if (settings.side !== null) fields.push(`size=${settings.side}`);
  if (settings.backend !== "auto") fields.push(`painter=${settings.backend}`);
  if (settings.split !== null) fields.push(`split=${short(settings.split)}`);
  if (settings.who !== DEFAULT_SETTINGS.who) fields.push(`who=${settings.who}`);
  if (settings.who === "each" && writeMix(settings.behind)) fields.push(`behind=${writeMix(settings.behind)}`);
  return fields.join("&");
}
