// Choosing what is painted: the camera (which one), the sample scene, a clip.
import { listCameras, screensSupported } from "../../media/camera";
import { byId, make } from "../dom";
import type { Session } from "./session";

export function bindSources(session: Session, onClip: (file: File) => void): void {
  const cameras = byId<HTMLSelectElement>("camera");
  for (const id of ["use-camera", "source-camera"]) byId(id).addEventListener("click", () => void session.useCamera());
  byId("source-screen").addEventListener("click", () => void session.useScreen());
  byId("source-screen").hidden = !screensSupported();
  byId("flip").addEventListener("click", () => void session.flipCamera());
  for (const id of ["use-sample", "source-sample"]) byId(id).addEventListener("click", () => void session.useSample());
  for (const id of ["use-clip", "source-clip"]) {
    const input = byId<HTMLInputElement>(id);
    input.addEventListener("change", () => {
      const file = input.files?.[0];
      input.value = "";
      if (file) onClip(file);
    });
  }
  cameras.addEventListener("change", () => void session.useCamera(cameras.value));

  const showCameras = async (): Promise<void> => {
    const found = session.source === "camera" ? await listCameras().catch(() => []) : [];
    byId("camera-row").hidden = found.length < 2;
    byId("flip").hidden = found.length < 2 || !matchMedia("(pointer: coarse)").matches;
    cameras.replaceChildren(...found.map(({ id, label }) => make("option", { value: id, textContent: label })));
    cameras.value = session.camera;
  };
  navigator.mediaDevices?.addEventListener("devicechange", () => void showCameras());
  session.onSource(() => {
    byId("source-camera").setAttribute("aria-pressed", String(session.source === "camera"));
    for (const kind of ["screen", "sample"]) {
      byId(`source-${kind}`).setAttribute("aria-pressed", String(session.source === kind));
    }
    byId("source-clip-label").classList.toggle("chosen", session.source === "clip"); // played in a loop
    if (byId("start").contains(document.activeElement) || document.activeElement === document.body)
      byId("compare").focus();
    void showCameras();
  });
}
