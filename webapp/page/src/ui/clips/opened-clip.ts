// A clip in its dialog: what all of its steps work with.
import type { Engine, PageConfig } from "../../types";
import type { Settings, Store } from "../settings/settings";
import type { Activity } from "../status/activity";
import type { Palette } from "../styles/palette";
import type { Steps } from "./steps";

export interface ClipDialogOptions {
  engine: Engine;
  config: PageConfig;
  settings: Store<Settings>;
  palette: Palette;
  activity: Activity;
  /** Pauses the live view; resolves once the engine can paint with the chosen style. */
  prepare(): Promise<void>;
  /** Resolves once nothing of the chosen style is to come any more; with a sentence where something is missing. */
  whole(): Promise<string | null>;
  /** Called when the dialog closes. */
  resume(): void;
  /** The clip is painted live, in a loop. */
  playLive(file: File): void;
  /** The person chose pictures or files as styles of their own. */
  onStyles(files: File[]): void;
}

export interface OpenedClip extends ClipDialogOptions {
  steps: Steps;
  file: File;
  /** Aborted when another clip takes its place, or the dialog closes. */
  signal: AbortSignal;
  /** Whether the dialog still shows it. */
  shown(): boolean;
}
