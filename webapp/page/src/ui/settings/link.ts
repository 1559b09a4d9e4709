// A look in the part of the address after "#": style=starry-night:0.6,great-wave:0.4&strength=0.8&colors=keep …
// Only what differs from the default is written, and whatever makes no sense is left out when reading.
import type { Backend } from "../../types";
import { isOwn, type Mix, MOST, type Part } from "../styles/mix";
import { DEFAULT_LOOK, type Look } from "./settings";

const PAINTERS: readonly (Backend | "auto")[] = ["auto", "webgpu", "wasm", "server"];
export const SMALLEST_SIDE = 64;
export const LARGEST_SIDE = 1080;

/** A number of `text` within [low, high]; null for anything else. */
function numberIn(text: string | null, low: number, high: number): number | null {
  if (text === null || !/^\d+(\.\d+)?$/.test(text)) return null;
  const value = Number(text);
  return value >= low && value <= high ? value : null;
}

const short = (value: number): string => String(Math.round(value * 1000) / 1000);

function parseMix(text: string | null, known: ReadonlySet<string>): Mix {
  const parts: Part[] = [];
  for (const item of (text ?? "").split(",")) {
    const [key = "", weightText] = item.split(":");
    const weight = weightText === undefined ? 1 : numberIn(weightText, 0, 1);
    if (weight === null || !known.has(key) || parts.some((part) => part.key === key)) continue;
    parts.push({ key, weight });
    if (parts.length === MOST) break;
  }
  return parts;
}

/** What the address says about the look; `known` are the names of the built-in styles. Never throws. */
export function parseLook(hash: string, known: ReadonlySet<string>): Partial<Look> {
  const fields = new URLSearchParams(hash.replace(/^#/, ""));
  const look: Partial<Look> = {};
  const mix = parseMix(fields.get("style"), known);
  if (mix.length) look.mix = mix;
  const strength = numberIn(fields.get("strength"), 0, 1);
  if (strength !== null) look.strength = strength;
  const stability = numberIn(fields.get("stability"), 0, 1);
  if (stability !== null) look.stability = stability;
  if (fields.get("colors") === "keep") look.keepColors = true;
  const mirror = fields.get("mirror");
  if (mirror === "yes" || mirror === "no") look.mirror = mirror === "yes";
  const side = numberIn(fields.get("size"), SMALLEST_SIDE, LARGEST_SIDE);
  if (side !== null) look.side = Math.round(side);
  const painter = PAINTERS.find((name) => name === fields.get("painter"));
  if (painter) look.painter = painter;
  const split = numberIn(fields.get("split"), 0, 1);
  if (split !== null) look.split = split;
  return look;
}

/** The look as text for after "#", without the "#"; empty for the default look. Own pictures are left out. */
export function writeLook(look: Look): string {
  const fields: string[] = [];
  const shared = look.mix.filter((part) => !isOwn(part.key));
  if (shared.length) {
    const one = shared.length === 1;
    fields.push(`style=${shared.map((part) => (one ? part.key : `${part.key}:${short(part.weight)}`)).join(",")}`);
  }
  if (look.strength !== DEFAULT_LOOK.strength) fields.push(`strength=${short(look.strength)}`);
  if (look.stability !== DEFAULT_LOOK.stability) fields.push(`stability=${short(look.stability)}`);
  if (look.keepColors) fields.push("colors=keep");
  if (look.mirror !== null) fields.push(`mirror=${look.mirror ? "yes" : "no"}`);
  if (look.side !== null) fields.push(`size=${look.side}`);
  if (look.painter !== "auto") fields.push(`painter=${look.painter}`);
  if (look.split !== null) fields.push(`split=${short(look.split)}`);
  return fields.join("&");
}
