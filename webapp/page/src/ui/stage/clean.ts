// A clean output (`?obs=1`): nothing but the picture, for OBS or any other program that takes a page or a window along.
// H brings the controls and takes them away. The picture has one size, never rests, and is painted in a hidden tab as
// far as the browser allows. The camera is asked for at once; `?obs=1&source=sample` shows the sample scene.
import type { Session } from "./session";

/** Whether the address asks for it. */
const cleanWanted = (search: string): boolean => new URLSearchParams(search).get("obs") === "1";

export function bindClean(session: Session): void {
  if (!cleanWanted(location.search)) return;
  const show = (clean: boolean): void => void document.body.classList.toggle("clean", clean);
  session.setAlways(true);
  addEventListener("keydown", (event) => {
    const writing = event.target instanceof HTMLInputElement && event.target.type !== "range";
    if (event.key.toLowerCase() !== "h" || event.ctrlKey || event.metaKey || event.altKey || writing) return;
    show(!document.body.classList.contains("clean"));
  });
  document.body.classList.add("obs");
  show(true);
  // Such a page may have nobody before it who could press a button.
  void (new URLSearchParams(location.search).get("source") === "sample" ? session.useSample() : session.useCamera());
}
