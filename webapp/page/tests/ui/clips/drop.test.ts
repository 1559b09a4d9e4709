import { expect, it } from "vitest";
import { sortFiles } from "../../../src/ui/clips/drop";

const file = (name: string, type: string): File => new File(["x"], name, { type });

it("sorts pictures, studied styles and clips, by type and, where there is none, by name", () => {
  const a = file("a.png", "image/png");
  const b = file("b.webp", "");
  const phone = file("IMG_0042.HEIC", ""); // most systems do not know its type
  const clip = file("c.MOV", "");
  const studied = file("a.style", "application/octet-stream");
  const sorted = sortFiles([
    studied,
    file("notes.txt", "text/plain"),
    a,
    clip,
    b,
    phone,
    file("d.mp4", "video/mp4"),
    file("e", ""),
  ]);
  expect(sorted.pictures).toEqual([a, b, phone]);
  expect(sorted.styles).toEqual([studied]);
  expect(sorted.clip).toBe(clip);
  expect(sorted.other).toBe("notes.txt");
});
