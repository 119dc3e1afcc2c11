import type { Registry } from "../../registry.ts";
import { code, page, table } from "./markdown.ts";

/** `README.md`: what the other pages hold. */
export function readmePage(registry: Registry): string {
  const enumerations = [...registry.attributes.values()].filter(
    ({ members }) => members !== undefined,
  ).length;
  return page(
    `The agent.* convention ${registry.version}`,
    registry.description,
    `Schema URL: ${code(registry.schemaUrl)}. What it is for and how it changes is in [../README.md](../README.md).`,
    table(
      ["Page", "Content"],
      [
        [
          "[spans.md](spans.md)",
          `${registry.spans.length} spans with their attributes and requirement levels`,
        ],
        ["[attributes.md](attributes.md)", `${registry.attributes.size} attributes, by subject`],
        ["[enums.md](enums.md)", `the values of ${enumerations} enumerations`],
        ["[links.md](links.md)", "what span links mean, and which span carries them"],
        [
          "[upstream.md](upstream.md)",
          `${registry.upstream.size} attributes of OpenTelemetry's registries our spans carry`,
        ],
      ],
    ),
  );
}
