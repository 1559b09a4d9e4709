import { describe, expect, it } from "vitest";
import { heaviest, type Mix, only, shares, toggle, weigh, without } from "../../../src/ui/styles/mix";

const MOST = 4;
const sum = (numbers: number[]): number => numbers.reduce((a, b) => a + b, 0);

describe("the mix of styles", () => {
  it("adds a style with the mean weight, so that the others keep their proportions", () => {
    const mix = toggle(
      [
        { key: "a", weight: 0.2 },
        { key: "b", weight: 0.6 },
      ],
      "c",
      MOST,
    );
    expect(mix[2].key).toBe("c");
    expect(mix[2].weight).toBeCloseTo(0.4);
    expect(shares(mix)[2]).toBeCloseTo(1 / 3);
  });

  it("adds a style at full weight where the others have none", () => {
    expect(toggle([{ key: "a", weight: 0 }], "b", MOST)[1]).toEqual({ key: "b", weight: 1 });
  });

  it("takes a style out again, but never the last", () => {
    expect(toggle(toggle(only("a"), "b", MOST), "a", MOST)).toEqual([{ key: "b", weight: 1 }]);
    expect(toggle(only("a"), "a", MOST)).toEqual(only("a"));
  });

  it("holds no more than four", () => {
    const full = ["b", "c", "d"].reduce<Mix>((mix, key) => toggle(mix, key, MOST), only("a"));
    expect(full).toHaveLength(MOST);
    expect(toggle(full, "e", MOST)).toBe(full);
  });

  it("keeps weights within 0…1 and changes one only", () => {
    const mix: Mix = [
      { key: "a", weight: 0.5 },
      { key: "b", weight: 0.5 },
    ];
    expect(weigh(mix, "a", 7)).toEqual([
      { key: "a", weight: 1 },
      { key: "b", weight: 0.5 },
    ]);
    expect(weigh(mix, "b", Number.NaN)[1].weight).toBe(0);
    expect(mix[0].weight).toBe(0.5);
  });

  it("shares sum to 1, equal ones when every weight is zero", () => {
    expect(
      sum(
        shares([
          { key: "a", weight: 0.3 },
          { key: "b", weight: 0.9 },
          { key: "c", weight: 0 },
        ]),
      ),
    ).toBeCloseTo(1);
    expect(
      shares([
        { key: "a", weight: 0 },
        { key: "b", weight: 0 },
      ]),
    ).toEqual([0.5, 0.5]);
  });

  it("falls back to the heaviest style, and to another style when its own is removed", () => {
    expect(
      heaviest([
        { key: "a", weight: 0.2 },
        { key: "b", weight: 0.7 },
      ]),
    ).toEqual(only("b"));
    expect(without(only("own:1"), "own:1", "a")).toEqual(only("a"));
    expect(
      without(
        [
          { key: "a", weight: 0.2 },
          { key: "own:1", weight: 1 },
        ],
        "own:1",
        "b",
      ),
    ).toEqual([{ key: "a", weight: 0.2 }]);
  });
});
