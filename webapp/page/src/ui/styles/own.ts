// Styles of the person's own, pictures and studied styles: taken onto the palette, and kept on this device until the next visit.
import { licenceNote } from "../../engine/model/style-file";
import { sentenceOf } from "../../engine/trouble";
import type { Engine } from "../../types";
import { isStyleFile } from "../clips/drop";
import type { Messages } from "../status/messages";
import type { Palette } from "./palette";
import { forget, remember, remembered } from "./remembered";

export interface OwnStyles {
  /**
   * Takes files onto the palette and keeps them; `added` is told the key of each. What cannot be read is said, with
   * `otherwise` where there is no better sentence.
   */
  take(files: File[], otherwise: (name: string) => string, added: (key: string) => void): Promise<void>;
  /** Keeps a file in place of the one that was kept of a style. */
  replace(key: string, file: File): void;
  forget(key: string): void;
  /** Those of earlier visits onto the palette; resolves with whether there were any. */
  bringBack(): Promise<boolean>;
}

export function createOwnStyles(engine: Engine, palette: Palette, messages: Messages): OwnStyles {
  /** Numbers of those that are kept on this device, by key. */
  const kept = new Map<string, number>();
  const keep = (key: string, file: File): void => {
    void remember(file).then((id) => id !== null && kept.set(key, id));
  };
  const forgetOne = (key: string): void => {
    const id = kept.get(key);
    if (id !== undefined) void forget(id);
  };
  /** A file as a style: its key on the palette. */
  const add = async (file: File): Promise<string> => {
    if (!isStyleFile(file.name)) return (await palette.add(file)).key;
    const read = await engine.readStyle(file, file.name);
    const note = licenceNote(read, engine.model);
    if (note) messages.note(note);
    return palette.addStudied(read, file).key;
  };
  return {
    async take(files, otherwise, added) {
      for (const file of files) {
        try {
          const key = await add(file);
          added(key);
          keep(key, file);
        } catch (error) {
          messages.trouble("picture", sentenceOf(error, otherwise(file.name)));
        }
      }
    },
    replace(key, file) {
      forgetOne(key);
      keep(key, file);
    },
    forget: forgetOne,
    async bringBack() {
      const files = await remembered();
      for (const { id, file } of files) {
        await add(file).then(
          (key) => kept.set(key, id),
          () => forget(id),
        );
      }
      return files.length > 0;
    },
  };
}
