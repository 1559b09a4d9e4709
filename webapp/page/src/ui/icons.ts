// Line icons, drawn on a 24 × 24 grid; put before the words of every element with data-icon.

const PATHS: Record<string, string> = {
  camera: "M3 8a2 2 0 0 1 2-2h8a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2zM15 11l6-3.5v9L15 13",
  scene: "M3 18c3-6 6-6 9 0M9 14c3-7 8-7 12 4M3 21h18M18 6a2.2 2.2 0 1 1-4.4 0A2.2 2.2 0 0 1 18 6z",
  film: "M4 5h16v14H4zM4 9.7h4M4 14.3h4M16 9.7h4M16 14.3h4M8 5v14M16 5v14",
  compare: "M12 3v18M4 6h8M4 6v12h8M16 6h4v12h-4",
  mirror: "M12 3v18M9 7L3 17h6zM15 7l6 10h-6z",
  snapshot: "M4 8h3l1.6-2.5h6.8L17 8h3v11H4zM15.2 13.2a3.2 3.2 0 1 1-6.4 0 3.2 3.2 0 0 1 6.4 0z",
  record: "M18 12a6 6 0 1 1-12 0 6 6 0 0 1 12 0z",
  flip: "M4 12a8 8 0 0 1 13.7-5.6L20 8.5M20 4v4.5h-4.5M20 12a8 8 0 0 1-13.7 5.6L4 15.5M4 20v-4.5h4.5",
  pip: "M4 5h16v14H4zM12 12h6v5h-6z",
  brush: "M20 4c-5 1-9.5 5-11.5 9l2.5 2.5c4-2 8-6.500 9-11.500zM8.500 13c-3 0-3.500 3-5 6 3 .5 7 0 7.500-3.500",
  fullscreen: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  link: "M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7l-1.2 1.2M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7l1.2-1.2",
  info: "M12 11v5M12 7.6v.2M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0z",
  plus: "M12 5v14M5 12h14",
  close: "M6 6l12 12M18 6L6 18",
};

export function icon(name: string): SVGSVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[name] ?? "");
  svg.append(path);
  return svg;
}

export function placeIcons(root: ParentNode): void {
  for (const element of root.querySelectorAll<HTMLElement>("[data-icon]"))
    element.prepend(icon(element.dataset.icon ?? ""));
}
