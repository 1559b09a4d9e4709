import { expect, test, vi } from "vitest";
import { brushed, brushSize } from "../../src/clips/brush";
import type { ClipEngine } from "../../src/clips/options";
import type { Engine, ModelDescription, Size } from "../../src/types";

const model = { multiple: 32, rules: { least_side: 64 } } as ModelDescription;
const shown: Size = { width: 854, height: 480 };

test("a brush as fine as the clip paints it at its own size", () => {
  expect(brushSize(shown, 480, { model })).toBe(shown);
  expect(brushSize(shown, 704, { model })).toBe(shown);
});

test("a broader one paints about the same picture smaller, at a size that needs no padding", () => {
  const { width, height } = brushSize(shown, 224, { model });
  expect([width % 32, height]).toEqual([0, 224]);
  expect(Math.abs(width / height - 854 / 480)).toBeLessThan(0.1);
});

test("frames of the clip's size are painted at the brush's, and others at their own", async () => {
  const paint = vi.fn<Engine["paint"]>(async (frame) => frame as VideoFrame);
  const painted: Size = { width: 384, height: 224 };
  const engine = brushed({ model, paint, reset() {} } as ClipEngine, painted, shown);
  const frame = {} as VideoFrame;
  await engine.paint(frame, { ...shown });
  await engine.paint(frame, { width: 64, height: 64 });
  expect(paint.mock.calls).toEqual([
    [frame, painted, shown],
    [frame, { width: 64, height: 64 }, { width: 64, height: 64 }],
  ]);
});
