// Edit lists: which parts of an MP4's or MOV's tracks are shown, and when (ISO/IEC 14496-12, 8.6.6). mediabunny moves
// times by the first part's beginning and looks at nothing else. Python's side is webapp/files/clips/edits.py.
import { ClipError } from "../options";
import { boxesIn, findBox, movieBox } from "./boxes";

/** A part of a track that is shown: from `start` to `end` on the track's own clock, `at` on the clip's; seconds. */
export interface Edit {
  start: number;
  end: number;
  at: number;
}

export interface EditList {
  /** In the order shown, neighbours joined. */
  edits: Edit[];
  /** How long the track is without them; 0 where its header does not say. Seconds. */
  mediaSeconds: number;
  fragmented: boolean;
}

/** Seconds that may be cut off either end of a sound track without its being a cut: encoders' own lead-in and padding. */
export const LEAD_IN = 0.1;
const NORMAL_RATE = 1 << 16;

/** The edit lists of a file by track number; empty for files without. Throws ClipError for lists that cannot be followed. */
export async function readEdits(file: Blob): Promise<Map<number, EditList>> {
  const movie = await movieBox(file);
  return movie ? editsOf(movie) : new Map();
}

/** The same of a `moov` box's content. */
function editsOf(movie: DataView): Map<number, EditList> {
  const found = new Map<number, EditList>();
  const ticks = timescaleOf(findBox(movie, "mvhd"))?.scale;
  const fragmented = findBox(movie, "mvex") !== null;
  for (const { kind, body } of boxesIn(movie)) {
    if (kind !== "trak" || !ticks) continue;
    const [header, list] = [findBox(body, "tkhd"), findBox(body, "edts", "elst")];
    const media = timescaleOf(findBox(body, "mdia", "mdhd"));
    if (!header || !list || !media) continue;
    const edits = readParts(rowsOf(list), ticks, media.scale, fragmented);
    const number = header.getUint32(header.getUint8(0) === 1 ? 20 : 12);
    if (edits.length) found.set(number, { edits, mediaSeconds: media.length / media.scale, fragmented });
  }
  return found;
}

/** Whether more is cut away than an encoder's lead-in and padding, so that copied packets would bring it back. */
export function cutsSound({ edits, mediaSeconds }: EditList): boolean {
  return edits.length !== 1 || edits[0].start > LEAD_IN || edits[0].end < (mediaSeconds || Infinity) - LEAD_IN;
}

/** Ticks a second and the length in ticks, of a `mvhd` or `mdhd`; null where it is damaged. */
function timescaleOf(box: DataView | null): { scale: number; length: number } | null {
  if (!box || box.byteLength < 20) return null;
  const long = box.getUint8(0) === 1;
  if (long && box.byteLength < 32) return null;
  const scale = box.getUint32(long ? 20 : 12);
  const length = long ? Number(box.getBigUint64(24)) : box.getUint32(16);
  const unknown = long ? 2 ** 64 : 2 ** 32 - 1;
  return scale ? { scale, length: length === unknown ? 0 : length } : null;
}

interface Row {
  /** In the movie's ticks. */
  length: number;
  /** In the track's ticks; negative for an empty part. */
  time: number;
  /** In 1/65536. */
  rate: number;
}

function rowsOf(list: DataView): Row[] {
  const long = list.getUint8(0) === 1;
  const [count, size] = [list.getUint32(4), long ? 20 : 12];
  const rows: Row[] = [];
  for (let at = 8; at + size <= list.byteLength && rows.length < count; at += size)
    rows.push({
      length: long ? Number(list.getBigUint64(at)) : list.getUint32(at),
      time: long ? Number(list.getBigInt64(at + 8)) : list.getInt32(at + 4),
      rate: list.getUint32(at + size - 4),
    });
  return rows;
}

function readParts(rows: Row[], ticks: number, scale: number, fragmented: boolean): Edit[] {
  const edits: Edit[] = [];
  let at = 0;
  for (const { length, time, rate } of rows) {
    const seconds = length / ticks;
    if (time < 0) {
      if (edits.length && length)
        throw new ClipError(
          "This clip shows nothing for a while in its middle (its edit list says so), which cannot be painted; export it anew from an editor.",
        );
    } else if (rate !== NORMAL_RATE)
      throw new ClipError(
        "This clip plays a part of itself slower, faster or as a still (its edit list says so), which cannot be painted; export it anew from an editor.",
      );
    else {
      const start = time / scale;
      // No length in a fragmented file: the part goes on as long as fragments come.
      const end = length || !fragmented ? (time + Math.round(seconds * scale)) / scale : Infinity;
      const last = edits.at(-1);
      if (last && Math.abs(last.end - start) <= 1 / ticks) last.end = end;
      else edits.push({ start, end, at: Math.round(at * scale) / scale });
    }
    at += seconds;
  }
  if (fragmented && edits.length > 1)
    throw new ClipError(
      "This clip is fragmented and put together from several parts of itself (its edit list says so), which cannot be painted; export it anew from an editor.",
    );
  return edits;
}
