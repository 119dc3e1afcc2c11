import { LINK_TYPE_KEY, type Registry } from "../../registry.ts";
import { code, page, prose, requirement, table } from "./markdown.ts";

/** `links.md`: what each link means, and which span carries it. */
export function linksPage(registry: Registry): string {
  const definition = registry.attributes.get(LINK_TYPE_KEY);
  const types = definition?.members ?? [];
  const meanings = types.map(({ value, brief }) => [code(value), brief]);
  const users = types.flatMap(({ value }) =>
    registry.spans.flatMap((span) =>
      span.links
        .filter(({ type }) => type === value)
        .map((link) => [code(value), `[${span.operation}](spans.md#${span.operation})`, requirement(link)]),
    ),
  );
  return page(
    "Links",
    `Every link written under this convention has the attribute ${code(LINK_TYPE_KEY)}. ${prose(definition?.note)}`,
    table(["Link type", "Meaning"], meanings),
    "## Which span carries which link",
    table(["Link type", "Span", "Requirement level"], users),
  );
}
