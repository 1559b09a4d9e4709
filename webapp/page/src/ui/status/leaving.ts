// What would be lost if the page were left now: then the browser asks.

const lost = new Set<string>();

/** Says that something would be lost, or would not any more. */
export function wouldBeLost(what: "clip" | "recording", on: boolean): void {
  if (on) lost.add(what);
  else lost.delete(what);
}

/** To be called once. */
export function askBeforeLeaving(): void {
  addEventListener("beforeunload", (event) => {
    if (lost.size) event.preventDefault();
  });
}
