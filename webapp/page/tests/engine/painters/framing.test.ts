import { expect, test } from "vitest";

import { cropWindow, wholeFrame } from "../../../src/engine/painters/framing";

const frame = { width: 80, height: 40 };

test("a whole frame fills its own window", () => {
  expect(cropWindow(frame, { crop: wholeFrame(frame), mirror: false })).toEqual([0, 0, 1, 1]);
});

test("mirrored, the left edge of the painting lies at the right edge of the crop", () => {
  const crop = { left: 20, top: 10, width: 40, height: 20 };
  expect(cropWindow(frame, { crop, mirror: false })).toEqual([0.25, 0.25, 0.5, 0.5]);
  expect(cropWindow(frame, { crop, mirror: true })).toEqual([0.75, 0.25, -0.5, 0.5]);
});
