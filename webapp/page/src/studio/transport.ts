// Play, seek and sound of what is on the stage: source and painting move in step.
import { byId } from "../ui/dom";
import { clock } from "./state";

const APART = 0.06; // seconds that the two may be apart

export interface Transport {
  /** The clips on the stage, the painted one last, and whether it can be heard; none hides the controls. */
  use(clips: HTMLVideoElement[], heard: boolean): void;
  play(): void;
}

const startOf = (clip: HTMLVideoElement): number => Number(clip.dataset.start ?? 0);

export function bindTransport(): Transport {
  const box = byId("transport");
  const play = byId<HTMLButtonElement>("play");
  const seek = byId<HTMLInputElement>("seek");
  const sound = byId<HTMLButtonElement>("sound");
  const whole = byId<HTMLButtonElement>("whole");
  let clips: HTMLVideoElement[] = [];
  const main = (): HTMLVideoElement | undefined => clips.at(-1);

  const follow = (): void => {
    const leader = main();
    if (!leader) return;
    for (const clip of clips.slice(0, -1)) {
      const due = leader.currentTime + startOf(clip);
      if (Math.abs(clip.currentTime - due) > APART && clip.readyState > 0) clip.currentTime = due;
    }
    const length = leader.duration || 0;
    if (document.activeElement !== seek || !leader.paused)
      seek.value = String(length ? (1000 * leader.currentTime) / length : 0);
    seek.style.setProperty("--fill", `${Number(seek.value) / 10}%`);
    byId("clock").textContent = `${clock(leader.currentTime)} of ${clock(length)}`;
    seek.setAttribute("aria-valuetext", clock(leader.currentTime));
  };
  const show = (): void => {
    const playing = !(main()?.paused ?? true);
    play.textContent = playing ? "Pause" : "Play";
    sound.textContent = main()?.muted ? "Unmute" : "Mute";
    follow();
  };
  const start = (): void => {
    for (const clip of clips) clip.play().catch(() => undefined);
  };
  const stop = (): void => {
    for (const clip of clips) clip.pause();
    follow();
  };

  /** What is compared stands still while the painting waits to be fetched, and goes on with it. */
  const others = (act: (clip: HTMLVideoElement) => void): void => clips.slice(0, -1).forEach(act);
  const hold = (): void => others((clip) => clip.pause());
  const goOn = (): void => others((clip) => void clip.play().catch(() => undefined));

  play.addEventListener("click", () => (main()?.paused ? start() : stop()));
  seek.addEventListener("input", () => {
    const leader = main();
    if (leader?.duration) leader.currentTime = (seek.valueAsNumber / 1000) * leader.duration;
    follow();
  });
  sound.addEventListener("click", () => {
    const leader = main();
    if (leader) leader.muted = !leader.muted;
    show();
  });
  whole.hidden = !document.fullscreenEnabled;
  whole.addEventListener("click", () =>
    byId("frame")
      .requestFullscreen()
      .catch(() => undefined),
  );

  return {
    use(next, heard) {
      for (const clip of clips) clip.pause();
      clips = next;
      sound.hidden = !heard;
      box.hidden = clips.length === 0;
      const leader = main();
      if (!leader) return;
      for (const event of ["timeupdate", "seeked", "loadedmetadata"]) leader.addEventListener(event, follow);
      for (const event of ["play", "pause", "volumechange", "ended"]) leader.addEventListener(event, show);
      leader.addEventListener("waiting", hold);
      leader.addEventListener("playing", goOn);
      leader.addEventListener("ended", () => clips[0] !== leader && clips[0]?.pause());
      show();
    },
    play: start,
  };
}
