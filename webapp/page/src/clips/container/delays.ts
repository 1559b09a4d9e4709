// The delays of a Matroska or WebM file's tracks, CodecDelay: what their decoders need to start up, and what all their
// times are too late by (RFC 9559, 5.1.4.1.25). mediabunny does not look at them.

const SEGMENT = 0x18538067;
const TRACKS = 0x1654ae6b;
const TRACK_ENTRY = 0xae;
const TRACK_NUMBER = 0xd7;
const CODEC_DELAY = 0x56aa;
const CLUSTER = 0x1f43b675;
const NANOSECOND = 1e-9;
/** Bytes: of an element's head, and of the most that `Tracks` may have. */
const HEAD = 12;
const MOST = 1 << 24;

interface Element {
  id: number;
  /** Where its content begins and ends in the view. */
  from: number;
  to: number;
}

/** Seconds by track number; tracks without a delay are left out. Empty for files that are something else. */
export async function readDelays(file: Blob): Promise<Map<number, number>> {
  const view = async (at: number, size: number) => new DataView(await file.slice(at, at + size).arrayBuffer());
  for (let at = 0; at < file.size; ) {
    const element = elementAt(await view(at, HEAD), 0, file.size - at);
    if (!element || element.id === CLUSTER) break; // the tracks come before
    const size = element.to - element.from;
    if (element.id === TRACKS) return size <= MOST ? delaysIn(await view(at + element.from, size)) : new Map();
    at += element.id === SEGMENT ? element.from : element.to;
  }
  return new Map();
}

/** The same of the content of `Tracks`. */
function delaysIn(tracks: DataView): Map<number, number> {
  const delays = new Map<number, number>();
  for (const track of elementsIn(tracks, 0, tracks.byteLength)) {
    if (track.id !== TRACK_ENTRY) continue;
    const values = new Map<number, number>();
    for (const { id, from, to } of elementsIn(tracks, track.from, track.to))
      if (id === TRACK_NUMBER || id === CODEC_DELAY) values.set(id, numberIn(tracks, from, to));
    const delay = values.get(CODEC_DELAY);
    if (delay) delays.set(values.get(TRACK_NUMBER) ?? 0, delay * NANOSECOND);
  }
  return delays;
}

function* elementsIn(view: DataView, from: number, to: number): Generator<Element> {
  for (let at = from; at < to; ) {
    const element = elementAt(view, at, to - at);
    if (!element || element.to <= at) return;
    yield element;
    at = element.to;
  }
}

/** The element at a place of a view, `left` bytes before an end; null where there is none (RFC 8794, 4 to 6). */
function elementAt(view: DataView, at: number, left: number): Element | null {
  const idWidth = widthAt(view, at);
  const sizeWidth = widthAt(view, at + idWidth);
  if (!idWidth || idWidth > 4 || !sizeWidth || at + idWidth + sizeWidth > view.byteLength) return null;
  const [sizeAt, from] = [at + idWidth, at + idWidth + sizeWidth];
  const most = 2 ** (7 * sizeWidth) - 1; // stands for a size that was not known
  // without the first byte's marker, for numbers of eight bytes have more than float64 holds
  const size =
    (view.getUint8(sizeAt) % 2 ** (8 - sizeWidth)) * 256 ** (sizeWidth - 1) + numberIn(view, sizeAt + 1, from);
  const unknown = size >= most;
  return { id: numberIn(view, at, sizeAt), from, to: unknown ? at + left : from + size };
}

/** How many bytes a number of variable width has; 0 where there is none. */
function widthAt(view: DataView, at: number): number {
  const first = at < view.byteLength ? view.getUint8(at) : 0;
  return first ? Math.clz32(first) - 23 : 0;
}

function numberIn(view: DataView, from: number, to: number): number {
  let number = 0;
  for (let i = from; i < Math.min(to, view.byteLength); i++) number = number * 256 + view.getUint8(i);
  return number;
}
