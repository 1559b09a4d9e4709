import { expect, test } from "vitest";
import { createStore, DEFAULT_SETTINGS, type Settings } from "../../../src/ui/settings/settings";
import { only } from "../../../src/ui/styles/mix";
import { targeted } from "../../../src/ui/styles/target";

const settings = () => createStore<Settings>({ ...DEFAULT_SETTINGS, mix: only("one"), behind: only("two") });
const keys = (mix: Settings["mix"]) => mix.map(({ key }) => key).join();

test("the gallery chooses the style of people, or of what is behind them where that has its own", () => {
  const all = settings();
  const seen = targeted(all);
  const heard: string[] = [];
  seen.on((now, before) => heard.push(`${keys(before.mix)} to ${keys(now.mix)}`));
  all.set({ who: "each" });
  seen.set({ mix: only("three") });
  all.set({ choosing: "behind" });
  expect(keys(seen.get().mix)).toBe("two");
  seen.set({ mix: only("four"), strength: 0.5 });
  expect(all.get()).toMatchObject({ mix: only("three"), behind: only("four"), strength: 0.5 });
  all.set({ who: "person" });
  expect(keys(seen.get().mix)).toBe("three");
  expect(heard).toEqual(["one to one", "one to three", "three to two", "two to four", "four to three"]);
});
