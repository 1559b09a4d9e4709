// Three, two, one, over the picture.
import { byId } from "../dom";

/** Counts down seconds before what comes next. */
export async function countdown(seconds: number): Promise<void> {
  const sign = byId("count");
  try {
    for (let left = seconds; left > 0; left--) {
      sign.textContent = String(left);
      sign.hidden = false;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  } finally {
    sign.hidden = true;
  }
}
