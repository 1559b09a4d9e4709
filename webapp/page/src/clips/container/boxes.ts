// The boxes of an MP4 or MOV (ISO/IEC 14496-12, 4.2).

export interface Box {
  kind: string;
  body: DataView;
}

/** The boxes that lie side by side in `view`; damage ends them. */
export function* boxesIn(view: DataView): Generator<Box> {
  for (let at = 0; at + 8 <= view.byteLength; ) {
    const { size, head, kind } = headOf(new DataView(view.buffer, view.byteOffset + at), view.byteLength - at);
    if (size < head) return;
    const length = Math.min(size, view.byteLength - at) - head;
    yield { kind, body: new DataView(view.buffer, view.byteOffset + at + head, length) };
    at += size;
  }
}

/** The first box of a kind that lies side by side with others in `view`, or null. */
export function findBox(view: DataView, ...path: string[]): DataView | null {
  for (const { kind, body } of boxesIn(view))
    if (kind === path[0]) return path.length === 1 ? body : findBox(body, ...path.slice(1));
  return null;
}

/** What a file's `moov` box holds, or null where it has none. */
export async function movieBox(file: Blob): Promise<DataView | null> {
  for (let at = 0; at + 8 <= file.size; ) {
    const view = new DataView(await file.slice(at, at + 16).arrayBuffer());
    const { size, head, kind } = headOf(view, file.size - at);
    if (size < head) return null;
    if (kind === "moov") return new DataView(await file.slice(at + head, at + size).arrayBuffer());
    at += size;
  }
  return null;
}

/** A box's whole size and its head's, in bytes, and its kind. `left`: bytes up to the end, which a size of 0 stands for. */
function headOf(view: DataView, left: number): { size: number; head: number; kind: string } {
  const kind = String.fromCharCode(...[4, 5, 6, 7].map((i) => view.getUint8(i)));
  const size = view.getUint32(0);
  if (size === 1 && view.byteLength >= 16) return { size: Number(view.getBigUint64(8)), head: 16, kind };
  return { size: size === 0 ? left : size, head: 8, kind };
}
