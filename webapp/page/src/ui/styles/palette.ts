// The styles there are: built-in ones and the person's own pictures, each with its style vector.
import type { Brush } from "../../engine/model/graph-weights";
import { blend, blendBrushes } from "../../engine/model/style";
import { sentenceOf } from "../../engine/trouble";
import type { BuiltInStyle, Engine, StyleFile } from "../../types";
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
  /** The built-in style's `.style` file, until it was fetched; `style` is its style vector alone until then. */
  studied: BuiltInStyle["studied"] | null;
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
      const studied = file ?? null;
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
   * S and brush of the mix as far as they are at hand: those built-in styles whose files were not fetched yet are style
   * vectors alone. Null while an own picture was not encoded. `whole`: nothing is left to be fetched.
   */
  atHand(mix: Mix): (Mixed & { whole: boolean }) | null {
    const known = mix.filter((entry) => this.styles.has(entry.key));
    const styles = known.map(({ key }) => this.styles.get(key)!);
    if (styles.some(({ style }) => !style)) return null;
    const weights = shares(known);
    return {
      style: blend(
        styles.map(({ style }) => style!),
        weights,
      ),
      brush: blendBrushes(
        styles.map(({ brush }) => brush),
        weights,
      ),
      whole: !styles.some(({ studied }) => studied),
    };
  }

  /**
   * S and brush of the mix: each picture encoded, each file fetched once. The engine must have started when the mix holds
   * own pictures. `missing`: built-in styles whose files could not be had, and are style vectors alone.
   */
  async mixed(mix: Mix, engine: Engine): Promise<Mixed & { missing: Missing[] }> {
    const missing: Missing[] = [];
    const prepare = async ({ key }: Mix[number]): Promise<void> => {
      const entry = this.styles.get(key);
      if (!entry?.style) return void (entry && (await this.once(key, () => this.encode(entry, engine))));
      if (entry.studied && !this.failed.has(key)) await this.once(key, () => this.fetchBrush(entry, engine));
      if (entry.studied) missing.push({ title: entry.title, why: this.failed.get(key) ?? "" });
    };
    await Promise.all(mix.map(prepare));
    const { style, brush } = this.atHand(mix)!;
    return { style, brush, missing };
  }

  /** Title of the first own picture of a mix whose style was not read yet; null where there is none. */
  unread(mix: Mix): string | null {
    return mix.map(({ key }) => this.styles.get(key)).find((style) => style?.style === null)?.title ?? null;
  }

  private work = new Map<string, Promise<void>>();

  /** What is under way for a style is not begun again. */
  private once(key: string, begin: () => Promise<void>): Promise<void> {
    let work = this.work.get(key);
    if (!work) {
      work = begin().finally(() => this.work.delete(key));
      this.work.set(key, work);
    }
    return work;
  }

  /** Why files of built-in styles could not be had: while a slider is dragged that is not tried again and again. */
  private failed = new Map<string, string>();

  /** What could not be fetched is to be fetched when it is wanted again. */
  tryAgain(): void {
    this.failed.clear();
  }

  /** Makes a built-in style what was studied of it, if its file can be had. */
  private async fetchBrush(entry: PaletteStyle, engine: Engine): Promise<void> {
    try {
      const { style, brush } = await engine.readBuiltIn(entry.studied!, entry.title);
      Object.assign(entry, { style, brush, studied: null });
    } catch (error) {
      console.warn(`${entry.title}:`, error);
      this.failed.set(entry.key, sentenceOf(error, "Its file could not be read."));
    }
  }

  /** Lets P look at an own picture. */
  private async encode(entry: PaletteStyle, engine: Engine): Promise<void> {
    entry.style = await engine.encode(await bitmapOf(this.pictures.get(entry.key)!));
  }
}

/** A built-in style that is painted without its brush, and a sentence that says why. */
export interface Missing {
  title: string;
  why: string;
}

/** S and brush of a mix. */
export interface Mixed {
  style: Float32Array;
  brush: Brush;
}

const jpegOf = (bytes: Uint8Array<ArrayBuffer>): Blob | null =>
  bytes.length ? new Blob([bytes], { type: "image/jpeg" }) : null;

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
