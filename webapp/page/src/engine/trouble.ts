/** An error whose message is a sentence for the person. */
export class Trouble extends Error {}

/** Code that is fetched when it is first used did not come: no connection, or the host has another build by now. */
const MISSING =
  "A part of this page could not be fetched: the connection is gone, or the page has been renewed since it was opened. Reload it.";

/** The sentence of an error; for those that were not foreseen, `otherwise`. */
export function sentenceOf(error: unknown, otherwise: string): string {
  if (isMissingCode(error)) return MISSING;
  return error instanceof Trouble ? error.message : otherwise;
}

/** Whether an error is an `import()` whose file did not come, in the words of Chromium, Firefox or WebKit. */
function isMissingCode(error: unknown): boolean {
  const text = error instanceof Error ? error.message : "";
  return /dynamically imported module|importing a module script failed|unable to preload css/i.test(text);
}

/** Whether an error says that memory ran out. */
export function isOutOfMemory(error: unknown): boolean {
  const text = error instanceof Error ? `${error.name} ${error.message}` : String(error);
  return /out of memory|bad_alloc|allocation failed|memory access out of bounds|OutOfMemory/i.test(text);
}
