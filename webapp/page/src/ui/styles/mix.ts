// Which styles are on the palette and how much of each: plain data, changed by pure functions.

/** One style of the mix. `key` names a built-in style or, as "own:3", one of the person's pictures; weight 0…1. */
export interface MixEntry {
  key: string;
  weight: number;
}

export type Mix = readonly MixEntry[];

export const isOwn = (key: string): boolean => key.startsWith("own:");

/** The one style and nothing else. */
export const only = (key: string): Mix => [{ key, weight: 1 }];

/** Adds a style, or takes it out; the last one stays, and a mix of `most` stays as it is. */
export function toggle(mix: Mix, key: string, most: number): Mix {
  if (mix.some((entry) => entry.key === key)) return mix.length > 1 ? mix.filter((entry) => entry.key !== key) : mix;
  if (mix.length >= most) return mix;
  const mean = mix.reduce((sum, entry) => sum + entry.weight, 0) / Math.max(1, mix.length);
  return [...mix, { key, weight: mean > 0 ? mean : 1 }];
}

/** Takes a style out for good (its picture was removed); `instead` is chosen when nothing is left. */
export function without(mix: Mix, key: string, instead: string): Mix {
  const rest = mix.filter((entry) => entry.key !== key);
  return rest.length ? rest : only(instead);
}

export function weigh(mix: Mix, key: string, weight: number): Mix {
  const w = Number.isFinite(weight) ? Math.min(1, Math.max(0, weight)) : 0;
  return mix.map((entry) => (entry.key === key ? { key, weight: w } : entry));
}

/** The heaviest entry alone; the first of equals. */
export function heaviest(mix: Mix): Mix {
  const best = mix.reduce((a, b) => (b.weight > a.weight ? b : a));
  return only(best.key);
}

/** Shares that sum to 1, in the order of the mix; equal ones when every weight is zero. */
export function shares(mix: Mix): number[] {
  const total = mix.reduce((sum, entry) => sum + entry.weight, 0);
  return mix.map((entry) => (total > 0 ? entry.weight / total : 1 / mix.length));
}
