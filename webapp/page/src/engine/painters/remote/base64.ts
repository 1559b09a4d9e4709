// What travels to the server as text.
import type { Brush } from "../../model/graph-weights";
import { toHalf } from "../../model/half";

/** A brush as the server takes it: each part in half precision, little-endian, as base64. */
export function packed(brush: Brush): Record<string, string> {
  const parts = Object.entries(brush).map(([name, part]) => {
    const bytes = new DataView(new ArrayBuffer(2 * part.length));
    part.forEach((value, i) => void bytes.setUint16(2 * i, toHalf(value), true));
    return [name, textOf(new Uint8Array(bytes.buffer))];
  });
  return Object.fromEntries(parts);
}

/** A file as base64. */
export async function base64(blob: Blob): Promise<string> {
  return textOf(new Uint8Array(await blob.arrayBuffer()));
}

function textOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
