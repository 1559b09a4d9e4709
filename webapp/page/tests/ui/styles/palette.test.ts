import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Trouble } from "../../../src/engine/trouble";
import type { Engine, StyleFile } from "../../../src/types";
import { captionOf, Palette } from "../../../src/ui/styles/palette";

const GALLERY = {
  one: { title: "One", artist: "Anna", year: "1900", style: [1, 0, 4] },
  two: {
    title: "Two",
    artist: "Ben",
    year: "",
    style: [0, 1, 8],
    preview: "previews/two.webp",
    painting: "paintings/two.webp",
  },
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

const entry = (key: string, weight: number) => ({ key, weight });
const palette = (): Palette => new Palette(GALLERY, "./models/m/");
const picture = (name = "cat.jpg"): File => new File(["x"], name, { type: "image/jpeg" });

describe("the palette", () => {
  it("holds the gallery with the addresses of its previews", () => {
    const { styles } = palette();
    expect(styles.get("one")).toMatchObject({ by: "Anna, 1900", preview: null, painting: null });
    expect(styles.get("two")).toMatchObject({ by: "Ben", preview: "./models/m/previews/two.webp" });
    expect(styles.get("two")?.painting).toBe("./models/m/paintings/two.webp");
  });

  it("mixes style vectors by their shares", async () => {
    const mix = [
      { key: "one", weight: 0.3 },
      { key: "two", weight: 0.1 },
    ];
    const { style } = await palette().mixed(mix, engine);
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
    await Promise.all([mine.mixed(mix, engine), mine.mixed(mix, engine)]);
    const { style } = await mine.mixed(mix, engine);
    expect(encoded).toBe(1);
    expect([...style]).toEqual([1.5, 1, 3].map((value) => expect.closeTo(value, 5)));
  });

  it("tries a picture again after encoding failed", async () => {
    const mine = palette();
    const { key } = await mine.add(picture());
    const broken = { encode: () => Promise.reject(new Error("lost")) } as unknown as Engine;
    await expect(mine.mixed([{ key, weight: 1 }], broken)).rejects.toThrow("lost");
    await mine.mixed([{ key, weight: 1 }], engine);
    expect(encoded).toBe(1);
  });

  const STUDIED: StyleFile = {
    style: Float32Array.of(3, 3, 3),
    brush: { "end.conv.bias": Float32Array.of(1, 2) },
    name: "Waves",
    licence: "",
    source: "",
    preview: new Uint8Array([255, 216, 255]),
  };

  it("takes studied styles in and mixes their brushes, plain styles being brushes of zeros", async () => {
    const mine = palette();
    const { key, title, preview } = mine.addStudied(STUDIED, new File([], "waves-1.style"));
    expect([title, preview?.startsWith("blob:")]).toEqual(["Waves", true]);
    expect(mine.addStudied({ ...STUDIED, name: "", preview: new Uint8Array() }, new File([], "b.style"))).toMatchObject(
      {
        title: "b",
        preview: null,
      },
    );
    const found = await mine.mixed([entry(key, 1), entry("one", 3)], engine);
    expect([...found.style]).toEqual([1.5, 0.75, 3.75]);
    expect([...found.brush["end.conv.bias"]]).toEqual([0.25, 0.5]);
    expect((await mine.mixed([entry(key, 0), entry("one", 1)], engine)).brush).toEqual({});
  });

  it("paints a picture with what was learnt of it, and keeps that in its place", async () => {
    vi.stubGlobal("createImageBitmap", async () => ({ close() {} }));
    const mine = palette();
    const { key, preview } = await mine.add(new File(["picture"], "reeds.jpg"));
    expect(mine.pictureOf(key)).toBeInstanceOf(File);
    expect(mine.pictureOf("one")).toBeNull();
    mine.learn(key, { style: Float32Array.of(1, 2, 3), brush: { "end.conv.bias": Float32Array.of(4, 5) } });
    const found = await mine.mixed([entry(key, 1)], engine);
    expect([...found.style, ...found.brush["end.conv.bias"]]).toEqual([1, 2, 3, 4, 5]);
    const file = new File([], "reeds.style");
    mine.learnt(key, STUDIED, file);
    expect(mine.styles.get(key)).toMatchObject({ title: "reeds", style: STUDIED.style, brush: STUDIED.brush, file });
    expect(mine.styles.get(key)?.preview).not.toBe(preview);
    expect(mine.pictureOf(key)).toBeNull();
    mine.learn("own:99", STUDIED); // taken out meanwhile
    mine.learnt("own:99", STUDIED, file);
    vi.unstubAllGlobals();
  });

  const studied = { file: "styles/one.style", bytes: 1, sha256: "ab" };
  const withFile = (): Palette => new Palette({ ...GALLERY, one: { ...GALLERY.one, studied } }, "./models/m/");

  it("fetches a built-in style's file when it is first painted, and is a style vector until then", async () => {
    const mine = withFile();
    const readBuiltIn = vi.fn(async () => STUDIED);
    const reading = { ...engine, readBuiltIn } as unknown as Engine;
    await mine.mixed([entry("two", 1)], reading);
    expect(readBuiltIn).not.toHaveBeenCalled();
    expect(mine.atHand([entry("one", 1)])).toEqual({ style: Float32Array.of(1, 0, 4), brush: {}, whole: false });
    const mix = [entry("one", 1), entry("two", 1)];
    await Promise.all([mine.mixed(mix, reading), mine.mixed(mix, reading)]);
    const found = await mine.mixed(mix, reading);
    expect([...found.style, ...found.brush["end.conv.bias"]]).toEqual([1.5, 2, 5.5, 0.5, 1]);
    expect(mine.atHand(mix)?.whole).toBe(true);
    expect(readBuiltIn.mock.calls).toEqual([[studied, "One"]]);
  });

  it("paints without what cannot be fetched, names it, and asks again when it is told to", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    const mine = withFile();
    const readBuiltIn = vi.fn(async (): Promise<StyleFile> => Promise.reject(new Trouble("No connection.")));
    const reading = { ...engine, readBuiltIn } as unknown as Engine;
    for (let slide = 0; slide < 3; slide++) {
      const found = await mine.mixed([entry("one", 1), entry("two", slide)], reading);
      expect([found.missing, found.brush]).toEqual([[{ title: "One", why: "No connection." }], {}]);
    }
    expect(readBuiltIn).toHaveBeenCalledTimes(1);
    readBuiltIn.mockResolvedValue(STUDIED);
    mine.tryAgain();
    expect(await mine.mixed([entry("one", 1)], reading)).toMatchObject({ brush: STUDIED.brush, missing: [] });
    vi.restoreAllMocks();
  });

  it("has nothing at hand while an own picture was not encoded", async () => {
    const mine = withFile();
    const { key } = await mine.add(picture());
    expect(mine.atHand([entry("one", 1), entry(key, 1)])).toBeNull();
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
