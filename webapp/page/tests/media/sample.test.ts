import { describe, expect, it } from "vitest";
import { drawScene, hash, SCENE } from "../../src/media/sample";

/** A pen that writes down what it is asked to do. */
function pen(): { pen: CanvasRenderingContext2D; calls: unknown[][] } {
  const calls: unknown[][] = [];
  const note =
    (name: string) =>
    (...rest: unknown[]) => {
      calls.push([name, ...rest]);
      return { addColorStop: note("stop") };
    };
  const recording = new Proxy({} as Record<string, unknown>, {
    get: (_, name) => note(String(name)),
    set: (_, name, value) => calls.push([`=${String(name)}`, value]) > 0,
  });
  return { pen: recording as unknown as CanvasRenderingContext2D, calls };
}

const drawn = (t: number): unknown[][] => {
  const { pen: p, calls } = pen();
  drawScene(p, t);
  return calls;
};

describe("the sample scene", () => {
  it("is the same at the same time, and moves", () => {
    const text = (t: number): string => JSON.stringify(drawn(t));
    expect(text(3)).toBe(text(3));
    expect(text(3)).not.toBe(text(3.2));
  });

  it.each([0, 12.3, 86_400])("asks for nothing impossible at %d s", (t) => {
    const calls = drawn(t);
    const numbers = calls.flat().filter((each) => typeof each === "number");
    expect(numbers.every(Number.isFinite)).toBe(true);
    const radii = calls.filter(([name]) => name === "arc").map((call) => call[3] as number);
    expect(Math.min(...radii)).toBeGreaterThan(0);
  });

  it("covers the whole picture", () => {
    const covered = drawn(0).filter(([name, x, , width]) => name === "fillRect" && x === 0 && width === SCENE.width);
    const bottom = Math.max(...covered.map(([, , y, , height]) => (y as number) + (height as number)));
    expect(Math.min(...covered.map((call) => call[2] as number))).toBe(0);
    expect(bottom).toBe(SCENE.height);
  });

  it("scatters its glints evenly within 0…1", () => {
    const values = Array.from({ length: 1000 }, (_, i) => hash(i));
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
    expect(values.reduce((a, b) => a + b) / 1000).toBeCloseTo(0.5, 1);
  });
});
