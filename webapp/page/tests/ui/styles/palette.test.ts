import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Engine } from "../../../src/types";
import { captionOf, Palette } from "../../../src/ui/styles/palette";

const GALLERY = {
  one: { title: "One", artist: "Anna", year: "1900", style: [1, 0, 4] },
  two: { title: "Two", artist: "Ben", year: "", style: [0, 1, 8], preview: "previews/two.webp" },
};

let encoded = 0;
const engine = {
  async encode(picture: { close(): void }) {
    encoded++;
    picture.close();
    return Float32Array.of(2, 2, 2);
  },
} as unknown as Engine;

beforeEach(() => {
  encoded = 0;
  vi.stubGlobal("createImageBitmap", async (source: Blob | object) => {
    if (source instanceof Blob && !source.type.startsWith("image/")) throw new Error("not a picture");
    return { width: 40, height: 30, close() {} };
  });
});
afterEach(() => vi.unstubAllGlobals());

const palette = (): Palette => new Palette(GALLERY, "./models/m/");
const picture = (name = "cat.jpg"): File => new File(["x"], name, { type: "image/jpeg" });

describe("the palette", () => {
  it("holds the gallery with the addresses of its previews", () => {
    const { styles } = palette();
    expect(styles.get("one")).toMatchObject({ by: "Anna, 1900", preview: null });
    expect(styles.get("two")).toMatchObject({ by: "Ben", preview: "./models/m/previews/two.webp" });
  });

  it("mixes style vectors by their shares", async () => {
    const mix = [
      { key: "one", weight: 0.3 },
      { key: "two", weight: 0.1 },
    ];
    const style = await palette().vector(mix, engine);
    expect([...style]).toEqual([0.75, 0.25, 5].map((value) => expect.closeTo(value, 5)));
  });

  it("encodes an own picture once, however often it is used", async () => {
    const mine = palette();
    const { key, title } = await mine.add(picture());
    expect(title).toBe("cat");
    const mix = [
      { key, weight: 1 },
      { key: "one", weight: 1 },
    ];
    await Promise.all([mine.vector(mix, engine), mine.vector(mix, engine)]);
    const style = await mine.vector(mix, engine);
    expect(encoded).toBe(1);
    expect([...style]).toEqual([1.5, 1, 3].map((value) => expect.closeTo(value, 5)));
  });

  it("tries a picture again after encoding failed", async () => {
    const mine = palette();
    const { key } = await mine.add(picture());
    const broken = { encode: () => Promise.reject(new Error("lost")) } as unknown as Engine;
    await expect(mine.vector([{ key, weight: 1 }], broken)).rejects.toThrow("lost");
    await mine.vector([{ key, weight: 1 }], engine);
    expect(encoded).toBe(1);
  });

  it("refuses what is no picture, and forgets what is removed", async () => {
    const mine = palette();
    await expect(mine.add(new File(["x"], "a.txt", { type: "text/plain" }))).rejects.toThrow();
    const { key } = await mine.add(picture());
    mine.remove(key);
    expect([...mine.styles.keys()]).toEqual(["one", "two"]);
    expect(mine.names).toEqual(new Set(["one", "two"]));
  });
});

describe("the caption", () => {
  it("names one style with its artist, and a blend by its shares", () => {
    const { styles } = palette();
    expect(captionOf([{ key: "one", weight: 0.2 }], styles)).toEqual({ title: "One", by: "Anna, 1900" });
    const blend = captionOf(
      [
        { key: "one", weight: 1 },
        { key: "two", weight: 0.25 },
      ],
      styles,
    );
    expect(blend).toEqual({ title: "One 80 % · Two 20 %", by: "" });
    expect(captionOf([{ key: "gone", weight: 1 }], styles).title).toBe("");
  });
});
