import { expect, test } from "vitest";

import { type Moved, onOneClock, patched } from "../../../src/clips/container/one-clock";

const TICKS = 90_000;

/** A packet in which a frame of a track begins; its times in ticks: when it is shown, and when it is decoded. */
function packet(track: number, shown: number, decoded = shown): number[] {
  const field = (kind: number, time: number) => [
    kind | (Math.floor(time / 2 ** 30) << 1) | 1,
    Math.floor(time / 2 ** 22) & 255,
    (Math.floor(time / 2 ** 14) & 254) | 1,
    Math.floor(time / 2 ** 7) & 255,
    ((time % 128) << 1) | 1,
  ];
  const head = [0x47, 0x40 | (track >> 8), track & 255, 0x10, 0, 0, 1, 0xe0, 0, 0, 0x80, 0xc0, 10];
  return [...head, ...field(0x30, shown), ...field(0x10, decoded)].concat(new Array(165).fill(0xff));
}

const file = (...packets: number[][]) => new Blob([Uint8Array.from(packets.flat())]);

/** When the frames of a file are shown and decoded, in ticks, read through a source of mediabunny's. */
async function times(source: { _options: { read(start: number, end: number): unknown } }, count: number) {
  const bytes = (await source._options.read(0, 188 * count)) as Uint8Array;
  const time = (at: number) =>
    ((bytes[at] >> 1) & 7) * 2 ** 30 +
    bytes[at + 1] * 2 ** 22 +
    (bytes[at + 2] >> 1) * 2 ** 15 +
    bytes[at + 3] * 2 ** 7 +
    (bytes[at + 4] >> 1);
  return Array.from({ length: count }, (_, n) => [time(188 * n + 13), time(188 * n + 18)]);
}

test("a recording begins where the one before has ended, on every track", async () => {
  const [first, rest] = [2 ** 33 - 9000, 50 * TICKS]; // the second is from earlier on the clock, its sound ends later
  const joined = file(
    packet(256, first + 3000, first),
    packet(257, first),
    packet(256, first + 6000, first + 3000),
    packet(256, rest + 3000, rest),
    packet(257, rest),
    packet(256, rest + 6000, rest + 3000),
  );
  const known = new Map([
    [256, null],
    [257, [first, rest].map((begin) => ({ begin: begin / TICKS, end: (begin + 6500) / TICKS }))],
  ]);
  const source = await onOneClock(joined, known);
  const found = await times(source as never, 6);
  const shift = first + 6500 - rest;
  expect(found.slice(0, 3).map(([, decoded]) => decoded)).toEqual([first, first, first + 3000]);
  expect(found.slice(3)).toEqual([
    [(rest + 3000 + shift) % 2 ** 33, rest + shift],
    [rest + shift, rest + shift],
    [(rest + 6000 + shift) % 2 ** 33, (rest + 3000 + shift) % 2 ** 33],
  ]);
});

test("tracks that nobody plays, and what is no MPEG-TS, are left alone", async () => {
  const joined = file(packet(256, 9000), packet(300, 9000), packet(256, 12000), packet(300, 99 * TICKS));
  const source = await onOneClock(joined, new Map([[256, null]]));
  expect(await times(source as never, 4)).toEqual([9000, 9000, 12000, 99 * TICKS].map((time) => [time, time]));
  expect(await onOneClock(file(packet(256, 0), packet(256, 3000), packet(256, 6000), [0]), new Map())).not.toBeNull();
  expect(await onOneClock(new Blob(["no packets at all".repeat(99)]), new Map())).toBeNull();
  const broken = file(packet(256, 0), packet(256, 1), packet(256, 2), new Array(188).fill(0));
  expect(await onOneClock(broken, new Map())).toBeNull();
});

test("what is moved is moved wherever a piece of the file begins and ends", () => {
  const moved: Moved[] = [3, 20].map((at) => ({ at, bytes: Uint8Array.of(1, 2, 3, 4, 5) }));
  const whole = patched(new Uint8Array(30), 0, moved);
  for (let start = 0; start < 30; start++)
    for (let end = start; end <= 30; end++)
      expect(patched(new Uint8Array(end - start), start, moved)).toEqual(whole.slice(start, end));
});
