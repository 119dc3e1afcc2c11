import type { Registry, Span, SpanAttribute } from "../../registry.ts";
import { deprecationText } from "../text.ts";
import { code, page, prose, requirement, table } from "./markdown.ts";

/** `spans.md`: each span with its name, kind, links and attributes. */
export function spansPage(registry: Registry): string {
  const overview = table(
    ["Operation", "Registry type", "Name", "Kind"],
    registry.spans.map((span) => [
      `[${span.operation}](#${span.operation})`,
      code(span.type),
      span.nameNote,
      kinds(span),
    ]),
  );
  return page(
    "Spans",
    "`agent.operation.name` tells the span in telemetry. Attributes marked **at start** are given when the span is " +
      "created, so that samplers and span processors see them in `onStart`.",
    overview,
    ...registry.spans.map((span) => section(span, registry)),
  );
}

function kinds({ kind, otherKinds }: Span): string {
  return [kind, ...otherKinds].map((name) => name.toUpperCase()).join(" or ");
}

function section(span: Span, registry: Registry): string {
  const old = deprecationText(span.deprecated);
  const facts = [
    `- Type: ${code(span.type)} (${span.stability})`,
    `- Name: ${span.nameNote}`,
    `- Kind: ${kinds(span)}`,
    ...(span.instant ? ["- Length: none"] : []),
  ].join("\n");
  const links = span.links.map((link) => [code(link.type), requirement(link)]);
  const attributes = span.attributes.map((attribute) => [
    code(attribute.key),
    requirement(attribute),
    attribute.atStart ? "yes" : "",
    meaning(attribute, registry),
  ]);
  return [
    `## ${span.operation}`,
    old === undefined ? "" : `**Deprecated.** ${old}`,
    span.brief,
    prose(span.note),
    facts,
    links.length === 0 ? "" : `Links:\n\n${table(["Link type", "Requirement level"], links)}`,
    `Attributes:\n\n${table(["Attribute", "Requirement level", "At start", "Meaning here"], attributes)}`,
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function meaning({ key, brief, note, values }: SpanAttribute, registry: Registry): string {
  const general = registry.attributes.get(key)?.brief ?? registry.upstream.get(key)?.brief ?? "";
  const only = values === undefined ? "" : `Here ${values.map(code).join(", ")}.`;
  return [brief ?? general, only, prose(note)].filter((part) => part !== "").join(" ");
}
