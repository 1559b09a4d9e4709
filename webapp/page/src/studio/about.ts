// About, for visitors: what happens to their files, what may be painted, who made it.
import { byId, make } from "../ui/dom";
import type { StudioConfig } from "./types";

export function fillAbout(config: StudioConfig): void {
  const sections: [string, string[]][] = [
    [
      "What it does",
      [
        "Impasto paints a clip, a picture or your camera in the manner of any picture that you show it. One small network looks at the picture once, another paints every frame.",
        config.steady
          ? "What is painted moves along with the scene, so that it does not flicker. Sound is kept."
          : "Sound is kept.",
      ],
    ],
    [
      "What happens to your files",
      [
        `What you upload and what is painted stays on this server ${config.kept}. Nobody else sees it but those to whom you give its link. Painting goes on for ${config.grace} after you close the page.`,
        "The live page paints your camera in your own browser and uploads nothing.",
      ],
    ],
    [
      "What may be painted",
      [
        `Clips: ${lower(config.clip_limits)}`,
        `Pictures: ${lower(config.picture_limits)}`,
        `You may have ${config.jobs_at_once} jobs at a time.`,
      ],
    ],
    [
      "Licences",
      [
        `Impasto is free software under Apache-2.0; the model ${config.model.name}: ${config.model.licence}. People are found by MediaPipe’s selfie segmentation (Apache-2.0).`,
        "The clip of the example is drawn by code; the built-in clip is from Big Buck Bunny, © Blender Foundation, CC BY 3.0. The built-in styles of the released model are paintings in the public domain; the scenes of their previews are drawn by code. What you paint is yours.",
      ],
    ],
  ];
  const links = make(
    "p",
    {},
    make("a", {
      href: `live/models/${config.model.name}/README.md`,
      textContent: "The model’s card, with its measurements",
    }),
  );
  byId("about").replaceChildren(
    make("h1", { textContent: "About Impasto" }),
    ...sections.flatMap(([title, lines]) => [
      make("h2", { textContent: title }),
      ...lines.map((line) => make("p", { textContent: line })),
    ]),
    links,
    ...forPrograms(config),
  );
}

const lower = (sentence: string): string => sentence.charAt(0).toLowerCase() + sentence.slice(1);

/** Both endpoints of the API with their parameters, and how they are called. */
function forPrograms(config: StudioConfig): HTMLElement[] {
  const here = new URL(".", location.href).href;
  const example = [
    "from gradio_client import Client, handle_file",
    `client = Client("${here}")`,
    "painted, facts = client.predict(",
    '    clip=handle_file("clip.mp4"),',
    `    styles=["${config.styles[0].name}"],`,
    '    api_name="/paint_clip",',
    ")",
  ].join("\n");
  const tables = config.api.flatMap((endpoint) => [
    make("h3", { textContent: endpoint.name }),
    make("p", { textContent: `${endpoint.does} Returns ${endpoint.returns}.` }),
    parametersOf(endpoint),
  ]);
  const code = make("pre", { tabIndex: 0 }, make("code", { textContent: example }));
  code.setAttribute("role", "region");
  code.setAttribute("aria-label", "Example in Python");
  return [make("h2", { id: "api", textContent: "For programs" }), code, ...tables];
}

function parametersOf({ name, parameters }: StudioConfig["api"][number]): HTMLElement {
  const head = ["parameter", "type", "default", "meaning"].map((text) =>
    make("th", { scope: "col", textContent: text }),
  );
  const rows = parameters.map((each) =>
    make(
      "tr",
      {},
      make("th", { scope: "row", textContent: each.name }),
      ...[each.type, each.default ?? "–", each.words].map((text) => make("td", { textContent: text })),
    ),
  );
  const caption = make("caption", { className: "unseen", textContent: `Parameters of ${name}` });
  return make("table", {}, caption, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows));
}
