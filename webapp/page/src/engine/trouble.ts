/** An error whose message is a sentence for the person. */
export class Trouble extends Error {}

/** The sentence of an error; for those that were not foreseen, `otherwise`. */
export function sentenceOf(error: unknown, otherwise: string): string {
  return error instanceof Trouble ? error.message : otherwise;
}

/** Whether an error says that memory ran out. */
export function isOutOfMemory(error: unknown): boolean {
  const text = error instanceof Error ? `${error.name} ${error.message}` : String(error);
  return /out of memory|bad_alloc|allocation failed|memory access out of bounds|OutOfMemory/i.test(text);
}
