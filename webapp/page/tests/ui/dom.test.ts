import { expect, test } from "vitest";
import { breakable, paintedName } from "../../src/ui/dom";

test("names of files go on in another line after an underscore", () => {
  expect(breakable("my_old cat")).toBe("my_\u200bold cat");
});

test.each([
  ["holiday.mov", ["The Great Wave"], "holiday, The Great Wave.mp4"],
  ["a.b.mp4", ["One", "Two"], "a.b, One + Two.mp4"],
  ["what?.mp4", ["A/B: C"], "what, A B C.mp4"],
  [".mp4", [""], "painted, own style.mp4"],
])("a painting of %s with %s is called %s", (source, titles, name) => {
  expect(paintedName(source, titles)).toBe(name);
});
