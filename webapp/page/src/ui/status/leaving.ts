// What would be lost if the page were left now: then the browser asks. Only while there is such a thing does the page listen:
// Firefox keeps no page that does for the way back.

const lost = new Set<string>();

/** Says that something would be lost, or would not any more. */
export function wouldBeLost(what: "clip" | "recording" | "study" | "job", on: boolean): void {
  if (on) lost.add(what);
  else lost.delete(what);
  if (lost.size) addEventListener("beforeunload", ask);
  else removeEventListener("beforeunload", ask);
}

const ask = (event: BeforeUnloadEvent): void => event.preventDefault();
