import { describe, expect, it, vi } from "vitest";
import { Trouble } from "../../../src/engine/trouble";
import type { Engine, EngineEvent } from "../../../src/types";
import { createStore, DEFAULT_SETTINGS } from "../../../src/ui/settings/settings";
import type { Activity } from "../../../src/ui/status/activity";
import type { Messages } from "../../../src/ui/status/messages";
import { only } from "../../../src/ui/styles/mix";
import { Palette } from "../../../src/ui/styles/palette";
import { createStyling } from "../../../src/ui/styles/styling";

const studied = { file: "styles/one.style", bytes: 1, sha256: "" };
const GALLERY = {
  one: { title: "One", artist: "Anna", year: "1900", style: [1, 0], studied },
  two: { title: "Two", artist: "Ben", year: "", style: [0, 1] },
};
const BRUSH = { "stem.conv.weight": Float32Array.of(3) };

/** Styling for a page with style "one" chosen, whose file `readBuiltIn` gives; what it does to engine and messages. */
function makeStyling(readBuiltIn: () => Promise<object>) {
  const listeners: ((event: EngineEvent) => void)[] = [];
  const engine = {
    backend: "wasm",
    setStyle: vi.fn(),
    setBehind: vi.fn(),
    readBuiltIn: vi.fn(readBuiltIn),
    on: (listener: (event: EngineEvent) => void) => listeners.push(listener),
  };
  const messages = { trouble: vi.fn(), clear: vi.fn() };
  const settings = createStore({ ...DEFAULT_SETTINGS, mix: only("one") });
  const styling = createStyling(
    engine as unknown as Engine,
    settings,
    new Palette(GALLERY, "./models/m/"),
    messages as unknown as Messages,
    { tell: vi.fn() } as unknown as Activity,
  );
  const paintFrame = () =>
    listeners.forEach((listen) => void listen({ kind: "painted", size: { width: 2, height: 2 } } as EngineEvent));
  return { styling, engine, messages, settings, paintFrame };
}

describe("the chosen styles", () => {
  it("are set at once, and with their brushes after the first painted frame", async () => {
    const { styling, engine, paintFrame } = makeStyling(async () => ({ style: Float32Array.of(1, 0), brush: BRUSH }));
    await styling.apply();
    expect(engine.setStyle.mock.calls).toEqual([[Float32Array.of(1, 0), {}]]);
    expect(engine.readBuiltIn).not.toHaveBeenCalled();
    paintFrame();
    expect(await styling.whole()).toBeNull();
    expect(engine.setStyle).toHaveBeenLastCalledWith(Float32Array.of(1, 0), BRUSH);
  });

  it("are painted without a brush that cannot be had, which is said and may be tried again", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    const { styling, engine, messages } = makeStyling(async () => {
      throw new Trouble("The file is gone.");
    });
    await styling.apply();
    styling.fetchBrushes();
    const sentence = "One is painted without its brush. The file is gone.";
    expect(await styling.whole()).toBe(sentence);
    expect(messages.trouble).toHaveBeenCalledWith("brush", sentence, expect.objectContaining({ label: "Try again" }));
    messages.trouble.mock.calls[0][2].run();
    await styling.whole();
    expect(engine.readBuiltIn).toHaveBeenCalledTimes(2);
  });

  it("follow the settings, and a brush that comes too late is not put over another style", async () => {
    let arrive = (_: object): void => {};
    const { styling, engine, settings } = makeStyling(() => new Promise((resolve) => (arrive = resolve)));
    await styling.apply();
    styling.fetchBrushes();
    await vi.waitFor(() => expect(engine.readBuiltIn).toHaveBeenCalled());
    const late = styling.whole();
    settings.set({ mix: only("two") });
    arrive({ style: Float32Array.of(1, 0), brush: BRUSH });
    await late;
    expect(engine.setStyle).toHaveBeenLastCalledWith(Float32Array.of(0, 1), {});
  });
});
