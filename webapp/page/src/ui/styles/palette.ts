// The styles there are: built-in ones and the person's own pictures, each with its style vector.
import type { Brush } from "../../engine/model/graph-weights";
import { blend, blendBrushes } from "../../engine/model/style";
import type { StyleFile } from "../../engine/model/style-file";
import { Trouble } from "../../engine/trouble";
import type { BuiltInStyle, Engine } from "../../types";
import type { Settings } from "../settings/settings";
import { isOwn, type Mix, shares } from "./mix";

export interface PaletteStyle {
  key: string;
  title: string;
  /** Artist and year; empty for own pictures. */
  by: string;
  /** Address of a picture, or null where a swatch is shown instead. */
  preview: string | null;
  /** Address of the painting itself, small; null where there is none to show. */
  painting: string | null;
  /** float32 [D]; null until an own picture was encoded. */
  style: ArrayLike<number> | null;
  /** What was studied; empty for a style vector alone. */
  brush: Brush;
  /** The built-in style's `.style` file, until it was fetched. */
  studied: { url: string; sha256: string } | null;
  /** An own style's `.style` file, once it was studied. */
  file: File | null;
}

/** Longest side of an own picture as the network sees it; P looks at its square, 384 px. */
const LARGEST = 768;

export class Palette {
  readonly styles = new Map<string, PaletteStyle>();
  private pictures = new Map<string, Blob>();
  private count = 0;

  constructor(gallery: Record<string, BuiltInStyle>, folder: string) {
    const address = (file?: string) => (file ? folder + file : null);
    for (const [key, { title, artist, year, style, studied: file, ...pictures }] of Object.entries(gallery)) {
      const by = [artist, year].filter(Boolean).join(", ");
      const studied = file ? { url: folder + file.file, sha256: file.sha256 } : null;
      const [preview, painting] = [address(pictures.preview), address(pictures.painting)];
      this.styles.set(key, { key, title, by, preview, painting, style, brush: {}, studied, file: null });
    }
  }

  get names(): ReadonlySet<string> {
    return new Set([...this.styles.keys()].filter((key) => !isOwn(key)));
  }

  get first(): string {
    return this.styles.keys().next().value ?? "";
  }

  /** Takes a picture in; rejects when the file is none. It is encoded later, by `encode`. */
  async add(file: File): Promise<PaletteStyle> {
    (await createImageBitmap(file)).close();
    const entry = this.own(file.name, "Your picture", file);
    this.pictures.set(entry.key, file);
    return entry;
  }

  /** Takes a studied style in that the engine has read from a file. */
  addStudied({ style, brush, name: title, preview }: StyleFile, file: File): PaletteStyle {
    return Object.assign(this.own(title || file.name, "Studied style", jpegOf(preview)), { style, brush, file });
  }

  /** The picture of an own style that can be studied; null for any other style. */
  pictureOf(key: string): Blob | null {
    return this.pictures.get(key) ?? null;
  }

  /** Takes over what was learnt of an own picture so far. */
  learn(key: string, { style, brush }: Pick<StyleFile, "style" | "brush">): void {
    const entry = this.styles.get(key);
    if (entry) Object.assign(entry, { style, brush });
  }

  /** Makes an own picture the studied style that came of it, which the engine has read from a file. */
  learnt(key: string, { style, brush, preview }: StyleFile, file: File): void {
    const entry = this.styles.get(key);
    if (!entry) return;
    const picture = jpegOf(preview);
    if (picture && entry.preview) URL.revokeObjectURL(entry.preview);
    Object.assign(entry, { style, brush, file }, picture && { preview: URL.createObjectURL(picture) });
    this.pictures.delete(key);
  }

  private own(file: string, otherwise: string, picture: Blob | null): PaletteStyle {
    const key = `own:${++this.count}`;
    const preview = picture && URL.createObjectURL(picture);
    const title = file.replace(/\.[^.]+$/, "") || otherwise;
    const entry: PaletteStyle = {
      key,
      title,
      by: "",
      preview,
      painting: null,
      style: null,
      brush: {},
      studied: null,
      file: null,
    };
    this.styles.set(key, entry);
    return entry;
  }

  remove(key: string): void {
    const preview = this.styles.get(key)?.preview;
    if (preview && isOwn(key)) URL.revokeObjectURL(preview);
    this.styles.delete(key);
    this.pictures.delete(key);
  }

  /**
   * S and brush of the mix: each picture encoded, each file fetched once. The engine must have started when the mix holds
   * own pictures.
   */
  async mixed(mix: Mix, engine: Engine): Promise<{ style: Float32Array; brush: Brush }> {
    const known = mix.filter((entry) => this.styles.has(entry.key));
    const weights = shares(known);
    const vectors = await Promise.all(known.map((entry) => this.encode(entry.key, engine)));
    const brushes = known.map(({ key }) => this.styles.get(key)?.brush ?? {});
    return { style: blend(vectors, weights), brush: blendBrushes(brushes, weights) };
  }

  /** Title of the first own picture of a mix whose style was not read yet; null where there is none. */
  unread(mix: Mix): string | null {
    return mix.map(({ key }) => this.styles.get(key)).find((style) => style?.style === null)?.title ?? null;
  }

  private encoding = new Map<string, Promise<ArrayLike<number>>>();

  private encode(key: string, engine: Engine): Promise<ArrayLike<number>> {
    const entry = this.styles.get(key)!;
    if (entry.style && !entry.studied) return Promise.resolve(entry.style);
    let work = this.encoding.get(key);
    if (!work) {
      work = (entry.studied ? fetched(entry.studied, entry.title, engine) : seen(this.pictures.get(key)!, engine))
        .then(({ style, brush }) => Object.assign(entry, { style, brush, studied: null }).style)
        .finally(() => this.encoding.delete(key));
      this.encoding.set(key, work);
    }
    return work;
  }
}

const jpegOf = (bytes: Uint8Array<ArrayBuffer>): Blob | null =>
  bytes.length ? new Blob([bytes], { type: "image/jpeg" }) : null;

/** What P sees in a picture. */
const seen = async (picture: Blob, engine: Engine): Promise<Pick<StyleFile, "style" | "brush">> => ({
  style: await engine.encode(await bitmapOf(picture)),
  brush: {},
});

async function fetched(
  { url, sha256 }: { url: string; sha256: string },
  title: string,
  engine: Engine,
): Promise<StyleFile> {
  const response = await fetch(`${url}?v=${sha256}`).catch(() => null);
  if (!response?.ok) throw new Trouble(`${title} could not be downloaded: check the connection and choose it again.`);
  return engine.readStyle(await response.blob(), title);
}

/** The picture, shrunk when it is large: phones take photographs of 50 megapixels. */
async function bitmapOf(file: Blob): Promise<ImageBitmap> {
  const whole = await createImageBitmap(file);
  const scale = LARGEST / Math.max(whole.width, whole.height);
  if (scale >= 1) return whole;
  const size = {
    resizeWidth: Math.max(1, Math.round(whole.width * scale)),
    resizeHeight: Math.max(1, Math.round(whole.height * scale)),
  };
  const small = await createImageBitmap(whole, { ...size, resizeQuality: "high" });
  whole.close();
  return small;
}

/** Titles of the styles that are painted with: of people, and of what is behind them where that has its own. */
export function titlesOf(
  { mix, who, behind }: Pick<Settings, "mix" | "who" | "behind">,
  styles: Palette["styles"],
): string[] {
  const used = who === "each" ? [...mix, ...behind] : mix;
  return used.map(({ key }) => styles.get(key)?.title ?? key);
}

/** What hangs beside the painting: one style with its artist, or the shares of a blend. */
export function captionOf(mix: Mix, styles: ReadonlyMap<string, PaletteStyle>): { title: string; by: string } {
  const parts = mix.flatMap((entry, i) => {
    const style = styles.get(entry.key);
    return style ? [{ style, share: shares(mix)[i] }] : [];
  });
  const [first] = parts;
  if (!first) return { title: "", by: "" };
  if (parts.length === 1) return { title: first.style.title, by: first.style.by };
  const title = parts.map(({ style, share }) => `${style.title} ${Math.round(100 * share)} %`).join(" · ");
  return { title, by: "" };
}
