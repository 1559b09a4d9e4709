// MPEG-TS joined from recordings, read as if it had one clock: the times in its packets (ISO/IEC 13818-1, 2.4.3) moved, so that each
// recording begins where the one before has ended. `clock.py` does the same.
import { CustomSource, EncodedPacketSink, type InputTrack } from "mediabunny";

import { beginsAnew } from "./timeline";

const PACKET = 188;
const SYNC = 0x47;
/** Bytes from packet to packet, and where in them each begins: as it is, as cameras write it, with error correction. */
const LAYOUTS = [
  [188, 0],
  [192, 4],
  [204, 0],
] as const;
/** Ticks a second, and of how many bits their numbers are. */
const TICKS = 90_000;
const CYCLE = 2 ** 33;
/** Packets read at a time. */
const READ = 1 << 15;

/** When one of the recordings begins and ends on its own clock, seconds. */
export interface Recording {
  begin: number;
  end: number;
}

/** Of each track that is played, by its number: its recordings, where the times of what ends them are known. */
export type Known = ReadonlyMap<number, readonly Recording[] | null>;

/** A time field of five bytes, moved; `at` is its place in the file. */
export interface Moved {
  at: number;
  bytes: Uint8Array;
}

/** The recordings that a track was joined from; of a picture, about. */
export async function recordingsOf(track: InputTrack): Promise<Recording[]> {
  const found: Recording[] = [];
  let [before, step] = [Number.NEGATIVE_INFINITY, 0];
  const packets = new EncodedPacketSink(track).packets(undefined, undefined, { metadataOnly: true });
  for await (const { timestamp } of packets) {
    // What mediabunny says of the last packet's duration reaches to the next recording: those of sound are all alike.
    if (!found.length || beginsAnew(before, timestamp)) found.push({ begin: timestamp, end: timestamp });
    else step = Math.max(timestamp - before, 0) || step;
    const last = found[found.length - 1];
    last.end = Math.max(last.end, timestamp + step);
    before = timestamp;
  }
  return found;
}

/** The file on one clock, or null where its packets cannot be followed. */
export async function onOneClock(file: Blob, known: Known): Promise<CustomSource | null> {
  const layout = layoutOf(new Uint8Array(await file.slice(0, 4 * 204).arrayBuffer()));
  if (!layout) return null;
  const [stride] = layout;
  const clock = createClock(known);
  const moved: Moved[] = [];
  for (let start = 0; start < file.size; start += READ * stride) {
    const bytes = new Uint8Array(await file.slice(start, start + READ * stride).arrayBuffer());
    if (!movedIn(bytes, layout, clock, (at, field) => moved.push({ at: start + at, bytes: field }))) return null;
  }
  return new CustomSource({
    getSize: () => file.size,
    read: async (start, end) => patched(new Uint8Array(await file.slice(start, end).arrayBuffer()), start, moved),
    prefetchProfile: "fileSystem",
  });
}

/** The bytes that begin at `start` of a file, with what of `moved`, in the file's order, lies in them. */
export function patched(bytes: Uint8Array, start: number, moved: readonly Moved[]): Uint8Array {
  let [first, after] = [0, moved.length];
  while (first < after) {
    const middle = (first + after) >> 1;
    if (moved[middle].at + 5 <= start) first = middle + 1;
    else after = middle;
  }
  for (let i = first; i < moved.length && moved[i].at < start + bytes.length; i++)
    for (let k = 0; k < 5; k++) {
      const to = moved[i].at + k - start;
      if (to >= 0 && to < bytes.length) bytes[to] = moved[i].bytes[k];
    }
  return bytes;
}

type Layout = (typeof LAYOUTS)[number];

const layoutOf = (head: Uint8Array): Layout | null =>
  LAYOUTS.find(([stride, lead]) => [0, 1, 2].every((n) => head[n * stride + lead] === SYNC)) ?? null;

/** Hands out every time field that moves; false where the bytes are no packets. */
function movedIn(
  bytes: Uint8Array,
  [stride, lead]: Layout,
  clock: ReturnType<typeof createClock>,
  put: (at: number, field: Uint8Array) => void,
): boolean {
  for (let packet = lead; packet + PACKET <= bytes.length; packet += stride) {
    if (bytes[packet] !== SYNC) return false;
    const [flags, control] = [bytes[packet + 1], bytes[packet + 3]];
    if (!(flags & 0x40 && control & 0x10)) continue; // nothing begins in it
    const track = ((flags & 0x1f) << 8) | bytes[packet + 2];
    const begin = packet + 4 + (control & 0x20 ? 1 + bytes[packet + 4] : 0);
    const which = clock.knows(track) ? timesIn(bytes, begin, packet + PACKET) : [];
    if (!which.length) continue;
    const times = which.map((at) => readTime(bytes, at));
    const shift = clock.shift(track, times[times.length - 1]); // by when it is decoded, where that is told
    if (shift) for (const [i, at] of which.entries()) put(at, writeTime(bytes[at], times[i] + shift));
  }
  return true;
}

/** Where the times of a PES packet stand that begins at `at`: when it is shown, and when it is decoded. */
function timesIn(bytes: Uint8Array, at: number, end: number): number[] {
  if (at + 19 > end || bytes[at] || bytes[at + 1] || bytes[at + 2] !== 1 || bytes[at + 6] >> 6 !== 2) return [];
  const told = bytes[at + 7] >> 6;
  return told === 3 ? [at + 9, at + 14] : told === 2 ? [at + 9] : [];
}

/** Five bytes: four bits of a kind, then 3, 15 and 15 bits, each with a bit set behind it. */
const readTime = (b: Uint8Array, at: number): number =>
  ((b[at] >> 1) & 7) * 2 ** 30 + ((b[at + 1] << 22) | ((b[at + 2] >> 1) << 15) | (b[at + 3] << 7) | (b[at + 4] >> 1));

function writeTime(kind: number, time: number): Uint8Array {
  const ticks = ((time % CYCLE) + CYCLE) % CYCLE;
  const [high, low] = [Math.floor(ticks / 2 ** 30), ticks % 2 ** 30];
  return Uint8Array.of(
    (kind & 0xf1) | (high << 1),
    low >> 22,
    ((low >> 14) & 0xfe) | 1,
    (low >> 7) & 0xff,
    ((low << 1) & 0xfe) | 1,
  );
}

const ticks = (seconds: number | undefined): number | undefined =>
  seconds === undefined ? undefined : Math.round(seconds * TICKS);

interface Running {
  recording: number;
  last: number;
  step: number;
}

/** By how many ticks the packets of each track move, shown to it in the file's order. Pure. */
function createClock(known: Known) {
  const shifts = [0];
  const running = new Map<number, Running>();
  /** When, moved, a track's recording ends: as known, or a step behind its last packet so far. */
  const endOf = (track: number, { recording, last, step }: Running): number =>
    shifts[recording] + (ticks(known.get(track)?.[recording]?.end) ?? last + step);
  /** When on its own clock a recording begins with the first of its tracks, one of which begins at `at`. */
  const beginOf = (recording: number, at: number): number =>
    Math.min(at, ...[...known.values()].map((each) => ticks(each?.[recording]?.begin) ?? at));
  return {
    knows: (track: number): boolean => known.has(track),
    shift(track: number, at: number): number {
      const found = running.get(track) ?? { recording: 0, last: at, step: 0 };
      running.set(track, found);
      if (beginsAnew(found.last / TICKS, at / TICKS)) {
        if (found.recording + 1 === shifts.length)
          shifts.push(Math.max(...[...running].map((each) => endOf(...each))) - beginOf(shifts.length, at));
        found.recording += 1;
      } else if (at > found.last) found.step = at - found.last;
      found.last = at;
      return shifts[found.recording];
    },
  };
}
