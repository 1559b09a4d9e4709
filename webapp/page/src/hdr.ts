// Which clips and frames are HDR. Pure.

/** PQ: SMPTE ST 2084, absolute, up to 10,000 cd/m². HLG: ARIB STD-B67, relative; here for a screen of 1000 cd/m². */
export type Transfer = "pq" | "hlg";

/** How light is coded where a colour space's curve is one of HDR, null elsewhere. TypeScript's own names leave them out. */
export function hdrOf(curve: string | null | undefined): Transfer | null {
  return curve === "pq" || curve === "hlg" ? curve : null;
}
