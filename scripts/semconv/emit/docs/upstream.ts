import type { Registry } from "../../registry.ts";
import { code, page, table } from "./markdown.ts";

/** `upstream.md`: the pinned attributes of other registries. */
export function upstreamPage(registry: Registry): string {
  const sources = Object.entries(registry.upstreamSources).map(([name, source]) => [
    code(name),
    `<${source.schema_url}>`,
    `<${source.repository}>`,
    code(source.revision),
  ]);
  const rows = [...registry.upstream.values()].map(({ key, type, source, stability, brief, content }) => [
    code(key),
    type,
    code(source),
    stability,
    `${brief}${content ? " **Content.**" : ""}`,
  ]);
  return page(
    "Upstream attributes",
    "Attributes of other registries that our spans carry, as these sources define them. Briefs are in our words.",
    table(["Source", "Schema URL", "Repository", "Revision"], sources),
    table(["Attribute", "Type", "Source", "Stability", "Brief"], rows),
    "## Twins",
    "Written beside an attribute of ours wherever a span lists both.",
    table(["Ours", "Upstream", "Value"], twins(registry)),
  );
}

const VALUES = {
  same: "the same",
  mapped: "upstream's word for the same thing; only where upstream has one",
  any: "the same, unless the span has a value already",
} as const;

function twins(registry: Registry): string[][] {
  return [...registry.attributes.values()].flatMap(({ key, twins: pairs }) =>
    pairs.map((twin) => [code(key), code(twin.key), VALUES[twin.value]]),
  );
}
