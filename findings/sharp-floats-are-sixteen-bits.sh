#!/usr/bin/env bash
# Guess: sharp takes a Float32Array of raw pixels as what it gives as one: raw({ depth: "float" }) of an ordinary picture is 0...255,
# and goes back in unchanged; or floats are 0...1, as elsewhere.
# What happens (sharp 0.35.5, libvips 8.18): any typed array but one of bytes is taken for 16 bits, floats and 32-bit integers, too:
# all is divided by 256. What sharp gave as floats comes back black, and so do 0...1; only floats of 0...65535 are a picture.
# Nothing is raised. In turn, raw({ depth: "ushort" }) of a 16-bit picture gives its upper bytes unless
# toColourspace("rgb16") is asked for.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund sharp@0.35.5 >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
cat >floats.mjs <<'JS'
import sharp from "sharp";

const KINDS = { uchar: Uint8Array, ushort: Uint16Array, float: Float32Array };
const raw = { width: 16, height: 16, channels: 3 };

async function numbers(image, depth) {
  const { data, info } = await image.raw({ depth }).toBuffer({ resolveWithObject: true });
  return new KINDS[info.depth](data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));
}

/** The largest difference of `found` from `expected`, numbers of 0...1 each. */
const off = (found, expected) => found.reduce((most, value, at) => Math.max(most, Math.abs(value - expected[at])), 0);

console.log("sharp", sharp.versions.sharp, "| libvips", sharp.versions.vips, "| node", process.version);
const bytes = Uint8Array.from({ length: 16 * 16 * 3 }, (_, at) => (at * 37) % 256);
const expected = Array.from(bytes, (value) => value / 255);
const png = await sharp(bytes, { raw }).png().toBuffer();
const given = await numbers(sharp(png), "float");
console.log("floats that sharp gives of the PNG:", ...given.slice(0, 6), "| its bytes:", ...bytes.slice(0, 6));
const inputs = {
  "Uint8Array, 0...255": bytes,
  "Uint16Array, 0...65535": Uint16Array.from(bytes, (value) => value * 257),
  "Float32Array, as sharp gave it": given,
  "Float32Array, 0...1": Float32Array.from(expected),
  "Float32Array, 0...65535": Float32Array.from(bytes, (value) => value * 257),
  "Uint32Array, 0...255": Uint32Array.from(bytes),
};
const right = [];
const black = [];
for (const [name, input] of Object.entries(inputs)) {
  const found = await numbers(sharp(await sharp(input, { raw }).png().toBuffer()), "uchar");
  const error = off(Array.from(found, (value) => value / 255), expected);
  console.log(`${name}: off by ${error.toFixed(3)}, largest value ${Math.max(...found)}`);
  if (error < 0.005) right.push(name);
  if (Math.max(...found) === 0) black.push(name);
}
const deep = await sharp(inputs["Uint16Array, 0...65535"], { raw }).toColourspace("rgb16").png().toBuffer();
const { depth } = await sharp(deep).metadata();
const plain = await numbers(sharp(deep), "ushort");
const asked = await numbers(sharp(deep).toColourspace("rgb16"), "ushort");
console.log(`ushort of a PNG of ${depth}: up to ${Math.max(...plain)}, with toColourspace up to ${Math.max(...asked)}`);
const holds =
  given.every((value, at) => value === bytes[at]) &&
  right.join() === "Uint8Array, 0...255,Uint16Array, 0...65535,Float32Array, 0...65535" &&
  black.join() === "Float32Array, as sharp gave it,Float32Array, 0...1,Uint32Array, 0...255" &&
  depth === "ushort" && Math.max(...plain) === 255 && Math.max(...asked) === 65535;
process.exit(holds ? 0 : 1);
JS
node floats.mjs
