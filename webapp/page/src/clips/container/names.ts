// Formats by the names that people know.

/** What a file is, by its first bytes, where it is one of those that cannot be taken apart here; null otherwise. */
export function containerName(head: Uint8Array): string | null {
  const text = String.fromCharCode(...head.subarray(0, 16));
  if (text.startsWith("OggS")) return "an Ogg file";
  if (text.startsWith("RIFF") && text.slice(8, 12) === "AVI ") return "an AVI file";
  if (text.startsWith("FLV")) return "a Flash video (FLV)";
  if (text.startsWith("\x30\x26\xb2\x75\x8e\x66\xcf\x11")) return "a Windows Media file (ASF, WMV)";
  if (text.startsWith("\x00\x00\x01\xba")) return "an MPEG program stream";
  if (text.startsWith("DKIF")) return "an IVF file";
  if (text.startsWith("\x06\x0e\x2b\x34")) return "an MXF file";
  if (/^(GIF8|\x89PNG|RIFF....WEBP)/s.test(text) || /^....ftypavi[fs]/s.test(text)) return "a picture or an animation";
  if (/^....ftyp(heic|heix|mif1|msf1)/s.test(text)) return "a picture (HEIC)";
  return null;
}

const CODECS: Record<string, string> = {
  avc: "H.264",
  hevc: "H.265, HEVC",
  aac: "AAC",
  ac3: "Dolby Digital, AC-3",
  eac3: "Dolby Digital Plus, E-AC-3",
  dts: "DTS",
  prores: "Apple ProRes",
  alac: "Apple Lossless, ALAC",
  A_ALAC: "Apple Lossless, ALAC",
  mp4v: "MPEG-4 Visual",
  "V_MPEG4/ISO/ASP": "MPEG-4 Visual",
  V_MPEG2: "MPEG-2",
  V_MPEG1: "MPEG-1",
  "A_MPEG/L2": "MPEG layer 2, MP2",
  V_THEORA: "Theora",
  V_FFV1: "FFV1",
  V_PRORES: "Apple ProRes",
  "V_MS/VFW/FOURCC": "an old Windows format",
  "A_MS/ACM": "an old Windows format",
  "png ": "PNG",
  jpeg: "Motion JPEG",
  "rle ": "QuickTime Animation",
  samr: "AMR",
  sawb: "AMR",
  1: "MPEG-1",
  2: "MPEG-2",
};

/** A codec by the name mediabunny has for it, or, where it has none, by the one in the file. */
export function codecName(codec: string | null, inFile: string | number | Uint8Array | null): string {
  if (codec) return CODECS[codec] ?? codec.toUpperCase();
  if (inFile === null || inFile instanceof Uint8Array) return "an unknown format";
  const id = String(inFile);
  if (/^ap(ch|cn|cs|co|4h|4x)$/.test(id)) return "Apple ProRes";
  return CODECS[id] ?? `“${id.trim()}”, a format unknown here`;
}
