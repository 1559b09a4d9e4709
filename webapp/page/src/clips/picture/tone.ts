// HDR brought to what an ordinary screen shows: ITU-R BT.2446-1 method A, from 1000 to 100 cd/m². Pure. Python does the
// same in export/runtime/tone.py, from 12 bits.
import type { Transfer } from "../../hdr";

/** BT.2020's weights of R, G and B. */
const LUMA = [0.2627, 0.678, 0.0593] as const;
/** cd/m²: the peaks of the HDR and the SDR screen. */
const [BRIGHT, DIM] = [1000, 100];
/** Of the SDR screen, BT.1886. */
const GAMMA = 2.4;
/** BT.2020's primaries in BT.709's, linear light (BT.2087's inverse). */
const TO_BT709 = [
  [1.660491, -0.587641, -0.07285],
  [-0.12455, 1.1329, -0.008349],
  [-0.018151, -0.100579, 1.11873],
] as const;

/** Turns RGBA bytes whose R'G'B' is BT.2020's in PQ or HLG, full range, into BT.709's for a screen of gamma 2.4, in place. */
export function toneMap(pixels: Uint8ClampedArray, transfer: Transfer): void {
  const { table, light } = TABLES[transfer];
  for (let i = 0; i < pixels.length; i += 4) {
    let [red, green, blue] = [table[pixels[i]], table[pixels[i + 1]], table[pixels[i + 2]]];
    if (light) {
      // the OOTF of BT.2100: the scene's luminance to the power of 0.2, in the table's gamma
      const ootf = luma(light[pixels[i]], light[pixels[i + 1]], light[pixels[i + 2]]) ** (0.2 / GAMMA);
      [red, green, blue] = [red * ootf, green * ootf, blue * ootf];
    }
    const before = luma(red, green, blue);
    const at = Math.min(before, 1) * CURVE_STEPS;
    const below = Math.floor(at);
    let mapped = CURVE[below] + (at - below) * (CURVE[below + 1] - CURVE[below]);
    // colour differences shrink as the luma does, and by 1.1
    const scale = mapped / Math.max(1.1 * before, 1e-6);
    const [cb, cr] = [scale * (blue - before), scale * (red - before)];
    mapped -= Math.max((0.1 * cr) / 1.4746, 0);
    const r = linear(mapped + cr);
    const g = linear(mapped - (LUMA[2] / LUMA[1]) * cb - (LUMA[0] / LUMA[1]) * cr);
    const b = linear(mapped + cb);
    for (let c = 0; c < 3; c++) pixels[i + c] = coded(TO_BT709[c][0] * r + TO_BT709[c][1] * g + TO_BT709[c][2] * b);
  }
}

const luma = (red: number, green: number, blue: number): number => LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue;
const clip = (value: number): number => Math.min(1, Math.max(0, value));

/** Method A's luma of the SDR picture for that of the HDR picture, both 0…1 in gamma 2.4. */
function curve(before: number): number {
  const rho = (peak: number) => 1 + 32 * (peak / 10_000) ** (1 / GAMMA);
  // perceptual linearisation, knee, and back
  const perceived = Math.log(1 + (rho(BRIGHT) - 1) * before) / Math.log(rho(BRIGHT));
  let bent = 0.5 * perceived + 0.5;
  if (perceived <= 0.7399) bent = 1.077 * perceived;
  else if (perceived < 0.9909) bent = -1.151 * perceived ** 2 + 2.7811 * perceived - 0.6302;
  return (rho(DIM) ** bent - 1) / (rho(DIM) - 1);
}

function pqToNits(code: number): number {
  const power = code ** (32 / 2523);
  return 10_000 * (Math.max(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)) ** (8192 / 1305);
}

function nitsToPq(nits: number): number {
  const power = (nits / 10_000) ** (1305 / 8192);
  return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** (2523 / 32);
}

/** PQ → light of a screen of 1000 cd/m², 0…1 in gamma 2.4: what is brighter is rolled off as BT.2390's EETF does. */
function fromPq(code: number): number {
  const most = nitsToPq(BRIGHT);
  const knee = 1.5 * most - 0.5;
  const t = clip((code - knee) / (1 - knee));
  const spline =
    (2 * t ** 3 - 3 * t ** 2 + 1) * knee + (t ** 3 - 2 * t ** 2 + t) * (1 - knee) + (-2 * t ** 3 + 3 * t ** 2) * most;
  return clip(pqToNits(code < knee ? code : spline) / BRIGHT) ** (1 / GAMMA);
}

/** HLG → light of the scene, 0…1 (BT.2100's inverse OETF). */
function fromHlg(code: number): number {
  const [a, b, c] = [0.17883277, 0.28466892, 0.55991073];
  return clip(code <= 0.5 ? code ** 2 / 3 : (Math.exp((code - c) / a) + b) / 12);
}

const tableOf = (from: (code: number) => number, steps: number) =>
  Float32Array.from({ length: steps + 1 }, (_, i) => from(i / steps));
/** By code value; `light` is linear. */
const TABLES: Record<Transfer, { table: Float32Array; light?: Float32Array }> = {
  pq: { table: tableOf(fromPq, 255) },
  hlg: { table: tableOf((code) => fromHlg(code) ** (1 / GAMMA), 255), light: tableOf(fromHlg, 255) },
};
const CURVE_STEPS = 4096;
const CURVE = Float32Array.from([...tableOf(curve, CURVE_STEPS), 1]);

/** The screen's light for a signal; a table, since powers are slow. */
const LIGHT_STEPS = 4095;
const LIGHT = tableOf((signal) => signal ** GAMMA, LIGHT_STEPS);
const linear = (signal: number): number => LIGHT[Math.round(clip(signal) * LIGHT_STEPS)];
const coded = (light: number): number => Math.round(255 * clip(light) ** (1 / GAMMA));
