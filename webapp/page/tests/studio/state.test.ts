import { describe, expect, test } from "vitest";
import {
  again,
  chosenSources,
  clock,
  createState,
  duration,
  isOver,
  lookOf,
  previewed,
  wishFor,
} from "../../src/studio/state";
import type { Job, Source, StudioConfig } from "../../src/studio/types";

const config = { styles: [{ name: "wave", title: "The Wave", by: "" }], brush: 320 } as StudioConfig;
const source = (name: string): Source => ({
  path: `/x/${name}`,
  name,
  facts: "",
  width: 8,
  height: 6,
  thumb: "",
  url: null,
});
const wave = [{ name: "wave", title: "The Wave", weight: 1 }];
const scream = { name: "scream", title: "The Scream", weight: 1 };

describe("what is painted", () => {
  test("is what was chosen; our own clip is only previewed", () => {
    const studio = createState(config);
    expect(chosenSources(studio.get())).toEqual([]);
    studio.set({ ours: source("ours.mp4") });
    expect(chosenSources(studio.get())).toEqual([]);
    expect(previewed(studio.get()).map(({ name }) => name)).toEqual(["ours.mp4"]);
    studio.set({ clip: source("mine.mp4") });
    expect(previewed(studio.get())).toEqual(chosenSources(studio.get()));
    studio.set({ kind: "pictures" });
    expect(previewed(studio.get()).map(({ name }) => name)).toEqual(["ours.mp4"]);
    studio.set({ pictures: [source("a.png"), source("b.png")] });
    expect(chosenSources(studio.get()).map(({ name }) => name)).toEqual(["a.png", "b.png"]);
  });

  test("shows another look where something of it shows", () => {
    const studio = createState(config);
    const first = lookOf(studio.get());
    studio.set({ stability: 0.5, at: 0.3, rest: "scream" });
    expect(lookOf(studio.get())).toBe(first);
    for (const change of [{ brush: 224 }, { parts: "each" }, { strength: 0.5 }] as const)
      expect(lookOf({ ...studio.get(), ...change })).not.toBe(first);
  });

  test("is asked for as everything is set: the part of clips only", () => {
    const studio = createState(config);
    studio.set({ clip: source("mine.mp4"), from: 3, to: 5, stability: 0.5, sizes: { clip: 480, pictures: 1080 } });
    const wish = wishFor(studio.get(), chosenSources(studio.get()), wave, scream);
    expect(wish).toMatchObject({ kind: "clip", start: 3, end: 5, stability: 0.5, brush: 320, size: 480, styles: wave });
    expect(wish.sources).toEqual([{ path: "/x/mine.mp4", name: "mine.mp4" }]);
    studio.set({ kind: "pictures" });
    expect(wishFor(studio.get(), [], wave, scream)).toMatchObject({ start: 0, end: null, stability: 0.5, size: 1080 });
  });

  test("is painted again in other styles as it was", () => {
    const studio = createState(config);
    const asked = wishFor({ ...studio.get(), strength: 0.5 }, [source("mine.mp4")], wave, scream);
    expect(again({ asked } as Job, [scream])).toEqual({ ...asked, styles: [scream] });
  });

  test.each([
    ["all", "", []],
    ["person", "person", []],
    ["background", "background", []],
    ["each", "", [scream]],
  ] as const)("of the picture: %s", (parts, only, background) => {
    const studio = createState(config);
    studio.set({ parts });
    expect(wishFor(studio.get(), [source("mine.mp4")], wave, scream)).toMatchObject({ only, background });
  });
});

test.each([
  [0, "0.0 s"],
  [5.24, "5.2 s"],
  [59.96, "1:00.0"],
  [65.2, "1:05.2"],
])("%d seconds read %s", (seconds, words) => expect(clock(seconds)).toBe(words));

test("a job is over when nothing more comes of it", () => {
  const states = ["waiting", "painting", "done", "failed", "cancelled"] as const;
  expect(states.filter((state) => isOver({ state } as Job))).toEqual(["done", "failed", "cancelled"]);
});

test.each([
  [2.46, "2.5 s"],
  [8, "8 s"],
  [60, "1 min"],
  [150.2, "2 min 30 s"],
])("%d seconds last %s", (seconds, words) => expect(duration(seconds)).toBe(words));
