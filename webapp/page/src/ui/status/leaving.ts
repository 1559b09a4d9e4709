// What would be lost if the page were left now: then the browser asks, and only then is it listened to. A page that
// always listens is not kept by Firefox, to be there at once when somebody comes back.

type Loss = "clip" | "recording" | "study" | "jobs";
const lost = new Set<Loss>();

const ask = (event: BeforeUnloadEvent): void => event.preventDefault();

/** Says that something would be lost, or would not any more. */
export function wouldBeLost(what: Loss, on: boolean): void {
  if (on) lost.add(what);
  else lost.delete(what);
  if (lost.size) addEventListener("beforeunload", ask);
  else removeEventListener("beforeunload", ask);
}
