// Clip, Picture, About: which of them is shown.
import { byId } from "../ui/dom";
import type { Studio } from "./state";

const TABS = ["clip", "picture", "about"] as const;
type Tab = (typeof TABS)[number];

export function bindTabs(studio: Studio): void {
  const buttons = TABS.map((name) => byId<HTMLButtonElement>(`tab-${name}`));
  const choose = (tab: Tab): void => {
    show(tab);
    if (tab !== "about") studio.set({ kind: tab === "clip" ? "clip" : "pictures", shown: null });
  };
  const show = (tab: Tab): void => {
    TABS.forEach((name, i) => {
      buttons[i].setAttribute("aria-selected", String(name === tab));
      buttons[i].tabIndex = name === tab ? 0 : -1;
    });
    byId("work").hidden = tab === "about";
    byId("about").hidden = tab !== "about";
    byId("work").setAttribute("aria-labelledby", tab === "picture" ? "tab-picture" : "tab-clip");
    document.body.dataset.kind = tab;
  };
  buttons.forEach((button, i) => {
    button.addEventListener("click", () => choose(TABS[i]));
    button.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const next = buttons[(i + step + TABS.length) % TABS.length];
      next.focus();
      next.click();
    });
  });
  if (new URLSearchParams(location.search).get("view") === "api") {
    show("about");
    byId("api").scrollIntoView();
  }
  studio.on((now, before) => now.kind !== before.kind && show(now.kind === "clip" ? "clip" : "picture"));
}
