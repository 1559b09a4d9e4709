// The styles there are: built-in ones and the person's own pictures, each with its style vector.
import { blend } from "../../engine/model/style";
import type { BuiltInStyle, Engine } from "../../types";
import { isOwn, type Mix, shares } from "./mix";

export interface PaletteStyle {
  key: string;
  title: string;
  /** Artist and year; empty for own pictures. */
  by: string;
  /** Address of a picture, or null where a swatch is shown instead. */
  preview: string | null;
  /** float32 [D]; null until an own picture was encoded. */
  style: ArrayLike<number> | null;
}

/** Longest side of an own picture as the network sees it; P looks at 256 px. */
const LARGEST = 768;

export class Palette {
  readonly styles = new Map<string, PaletteStyle>();
  private pictures = new Map<string, Blob>();
  private count = 0;

  constructor(gallery: Record<string, BuiltInStyle>, folder: string) {
    for (const [key, { title, artist, year, preview, style }] of Object.entries(gallery)) {
      const by = [artist, year].filter(Boolean).join(", ");
      this.styles.set(key, { key, title, by, preview: preview ? folder + preview : null, style });
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
    const key = `own:${++this.count}`;
    const title = file.name.replace(/\.[^.]+$/, "") || "Your picture";
    const style: PaletteStyle = { key, title, by: "", preview: URL.createObjectURL(file), style: null };
    this.styles.set(key, style);
    this.pictures.set(key, file);
    return style;
  }

  remove(key: string): void {
    const preview = this.styles.get(key)?.preview;
    if (preview && isOwn(key)) URL.revokeObjectURL(preview);
    this.styles.delete(key);
    this.pictures.delete(key);
  }

  /** S of the mix, each picture encoded once. The engine must have started when the mix holds own pictures. */
  async vector(mix: Mix, engine: Engine): Promise<Float32Array> {
    const known = mix.filter((entry) => this.styles.has(entry.key));
    const vectors = await Promise.all(known.map((entry) => this.encode(entry.key, engine)));
    return blend(vectors, shares(known));
  }

  /** Title of the first own picture of a mix that was not encoded yet; null where there is none. */
  unstudied(mix: Mix): string | null {
    return mix.map(({ key }) => this.styles.get(key)).find((style) => style?.style === null)?.title ?? null;
  }

  private encoding = new Map<string, Promise<ArrayLike<number>>>();

  private encode(key: string, engine: Engine): Promise<ArrayLike<number>> {
    const entry = this.styles.get(key)!;
    if (entry.style) return Promise.resolve(entry.style);
    let work = this.encoding.get(key);
    if (!work) {
      work = bitmapOf(this.pictures.get(key)!)
        .then((picture) => engine.encode(picture))
        .then((style) => (entry.style = style))
        .finally(() => this.encoding.delete(key));
      this.encoding.set(key, work);
    }
    return work;
  }
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
