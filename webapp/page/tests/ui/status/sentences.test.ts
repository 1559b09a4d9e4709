import { describe, expect, it } from "vitest";
import { Trouble } from "../../../src/engine/trouble";
import * as words from "../../../src/ui/status/sentences";

const OPEN: words.PageContext = { secure: true, framed: false, cameraAllowed: true, died: false };
const named = (name: string, message = ""): Error => Object.assign(new Error(message), { name });

describe("the camera, in words", () => {
  it("asks for it where nothing is in the way", () => {
    expect(words.cameraBarrier(OPEN, true)).toBeNull();
    expect(words.cameraBarrier({ ...OPEN, framed: true }, true)).toBeNull();
  });

  it("tells an insecure page, a frame without permission and a browser without cameras apart", () => {
    expect(words.cameraBarrier({ ...OPEN, secure: false }, false)?.sentence).toContain("https");
    const framed = words.cameraBarrier({ secure: true, framed: true, cameraAllowed: false, died: false }, true);
    expect(framed?.openAlone).toBe(true);
    expect(words.cameraBarrier(OPEN, false)?.sentence).toContain("no camera");
  });

  it.each([
    ["NotAllowedError", "refused"],
    ["SecurityError", "refused"],
    ["NotFoundError", "No camera was found"],
    ["NotReadableError", "in use"],
    ["AbortError", "in use"],
    ["OverconstrainedError", "gone"],
  ])("%s: %s", (name, part) => {
    const { sentence, openAlone } = words.cameraTrouble(named(name), OPEN);
    expect(sentence).toContain(part);
    expect(openAlone).toBeFalsy();
  });

  it("offers a tab of its own when the refusal may come from the page around", () => {
    const trouble = words.cameraTrouble(named("NotAllowedError"), {
      secure: true,
      framed: true,
      cameraAllowed: null,
      died: false,
    });
    expect(trouble.openAlone).toBe(true);
  });

  it("passes on what an unknown error says, as one sentence", () => {
    expect(words.cameraTrouble(named("OddError", "the lens is dirty."), OPEN).sentence).toBe(
      "The camera did not start: the lens is dirty.",
    );
  });
});

describe("the engine's troubles, in words", () => {
  it.each([
    ["sha256 mismatch", "damaged"],
    ["Failed to fetch", "connection was lost"],
    ["std::bad_alloc: out of memory", "out of memory"],
    ["GPUDevice was lost", "stopped answering"],
    ["WebGPU is not supported", "no WebGPU"],
    ["42", "did not start: 42."],
  ])("%s → %s", (message, part) => expect(words.engineTrouble(new Error(message))).toContain(part));

  it.each([
    "Failed to fetch dynamically imported module: http://localhost/assets/writing-1.js",
    "error loading dynamically imported module: http://localhost/assets/writing-1.js",
    "Importing a module script failed.",
  ])("sends who has an older page than the server to a fresh one: %s", (message) => {
    expect(words.engineTrouble(new TypeError(message))).toMatch(/renewed.*Reload/);
  });

  it("lets sentences of the engine pass", () => {
    const sentence = "The server closed the line, try again in a minute.";
    expect(words.engineTrouble(new Error(sentence))).toBe(sentence);
    const both = "This browser has no WebGPU. The processor painter failed.";
    expect(words.engineTrouble(new Trouble(both))).toBe(both);
  });

  it("never ends without a sentence", () => {
    for (const thing of [null, undefined, "", {}, new Error(), 7])
      expect(words.engineTrouble(thing)).toMatch(/^[A-Z].+\.$/);
  });
});

describe("promises and figures", () => {
  it("says when pictures travel", () => {
    const alone = { models: [], server: null };
    const served = { models: [], server: { socket: "socket", studio: null } };
    expect(words.privacySentence("wasm", served)).toContain("Nothing is uploaded");
    expect(words.privacySentence(null, alone)).toContain("Nothing is uploaded");
    expect(words.privacySentence("server", served)).toContain("sent");
    expect(words.privacySentence(null, served)).toContain("If it cannot, the server helps");
  });

  it("tells the facts, and leaves out what there is not", () => {
    const figures = {
      backend: "wasm" as const,
      detail: "processor, 2 threads",
      size: { width: 456, height: 256 },
      shown: { width: 1280, height: 720 },
      fps: 29.97,
      p50: 33.4,
      p95: 51,
      idle: false,
      model: "m",
    };
    expect(words.facts(figures)).toEqual([
      ["Painter", "WebAssembly: processor, 2 threads"],
      ["Painted at", "456 × 256"],
      ["Shown at", "1280 × 720"],
      ["Pace", "30 frames/s"],
      ["Delay", "33 ms, now and then 51 ms"],
      ["Model", "m"],
    ]);
    const idle = Object.fromEntries(words.facts({ ...figures, idle: true }));
    expect(idle.Pace).toContain("nothing moves");
    expect(idle).not.toHaveProperty("Delay");
    expect(Object.fromEntries(words.facts({ ...figures, fps: 0 }))).not.toHaveProperty("Pace");
  });

  it("says what would help a slow machine, and never to upload where there is no server", () => {
    const served = { models: [], server: { socket: "socket", studio: null } };
    expect(words.slowSentence(2.51, "wasm", { models: [], server: null })).toMatch(
      /^This device paints 2\.5 pictures.+charger helps\.$/,
    );
    expect(words.slowSentence(2.51, "wasm", served)).toContain("“Server”");
    expect(words.slowSentence(4, "server", served)).toContain("network");
  });

  it("says durations and clocks as people do", () => {
    expect([0.2, 45, 200, 3900].map(words.duration)).toEqual(["1 s", "45 s", "3 min", "1 h 5 min"]);
    expect([0, 7.9, 750].map(words.clock)).toEqual(["0:00", "0:07", "12:30"]);
  });

  it("leaves out of a clip's progress what is not known yet", () => {
    expect(words.progressText({ share: 0.019, framesPerSecond: null, secondsLeft: null })).toBe("1 %");
    expect(words.progressText({ share: 0.5, framesPerSecond: 7.25, secondsLeft: 130 })).toBe(
      "50 %, 7.3 frames/s, 2 min left",
    );
  });

  it("says how far a study is, how long it takes where it is slow, and what came of it", () => {
    const begun = { share: 0.004, steps: 1, secondsLeft: 900 };
    expect(words.studyText("Reeds", begun)).toBe("0 % Studying “Reeds”");
    expect(words.studyText("Reeds", { share: 0.337, steps: 40, secondsLeft: 41 })).toBe(
      "33 % Studying “Reeds”, 41 s left",
    );
    expect(words.slowStudySentence(540)).toMatch(/about 9 min on this device.*\.style file/);
    expect(words.missingSentence([])).toBeNull();
    const missing = [
      { title: "One", why: "No connection." },
      { title: "Two", why: "Damaged." },
    ];
    expect(words.missingSentence(missing.slice(0, 1))).toBe("One is painted without its brush. No connection.");
    expect(words.missingSentence(missing)).toBe("One and Two are painted without their brushes. No connection.");
    expect(words.studiedSentence(112)).toBe("Studied in 112 steps");
    expect(words.studiedSentence(1)).toBe("Studied in 1 step");
  });

  it("says what a link cannot carry", () => {
    expect(words.linkSentence([], "Irises")).toBe("Link copied.");
    expect(words.linkSentence(["stripes"], "Irises")).toBe(
      "Link copied. “stripes” stays on this device: whoever opens the link sees Irises instead.",
    );
    expect(words.linkSentence(["stripes", "dots"], "Irises")).toContain("“stripes” and “dots” stay on this device");
  });

  it("counts the line of people from one", () => {
    expect(words.waitingSentence(1)).toContain("next");
    expect(words.waitingSentence(3)).toContain("number 3");
  });
});
