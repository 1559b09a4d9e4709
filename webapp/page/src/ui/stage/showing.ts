// What the video shows: one source at a time, of several asked for the last.
import { releaseSource, type Source, showSource, streamOf } from "../../media/source";
import type { Activity } from "../status/activity";

export type SourceKind = "camera" | "screen" | "sample" | "clip";

export interface Showing {
  readonly kind: SourceKind | null;
  /** The stream that is shown; null for a clip. */
  readonly stream: MediaStream | null;
  /** Grows with every source that is asked for: tells whether another one was since. */
  readonly turn: number;
  /** Swaps the source for what `open` gives; the one before stays when that fails, as this then does. */
  use(kind: SourceKind, open: () => Promise<Source> | Source): Promise<void>;
  /** Stops what is shown: most cameras open only once. */
  release(): void;
}

export interface ShowingOptions {
  video: HTMLVideoElement;
  activity: Activity;
  /** Called when a source was opened, before the video shows it. */
  onOpened(): void;
  /** Called when the video shows it. */
  onShown(): void;
}

export function createShowing({ video, activity, onOpened, onShown }: ShowingOptions): Showing {
  let shown: Source | null = null;
  let kind: SourceKind | null = null;
  let turn = 0;

  // A phone stops videos when another app takes over, and does not always start them again.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && kind && video.paused) video.play().catch(() => {}); // no longer there
  });
  return {
    get kind() {
      return kind;
    },
    get stream() {
      return streamOf(shown);
    },
    get turn() {
      return turn;
    },
    async use(wanted, open) {
      const mine = ++turn;
      activity.tell({ kind: "source", source: "asked" });
      let next: Source;
      try {
        next = await open();
      } catch (error) {
        if (mine === turn) activity.tell({ kind: "source", source: kind ? "open" : "none" });
        throw error;
      }
      if (mine !== turn) return releaseSource(next);
      activity.tell({ kind: "source", source: "open" });
      releaseSource(shown);
      [shown, kind] = [next, wanted];
      onOpened();
      await showSource(video, next);
      if (mine === turn) onShown();
    },
    release: () => releaseSource(shown),
  };
}
