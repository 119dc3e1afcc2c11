import type { Attribute, Registry, Subject } from "../../registry.ts";
import { deprecationText } from "../text.ts";
import { anchor, code, page, prose, table } from "./markdown.ts";

/** `attributes.md`: our attributes, a section for each file of the model. */
export function attributesPage(registry: Registry): string {
  return page(
    "Attributes",
    "Which span carries which attribute, and how strongly it wants it, is in [spans.md](spans.md). " +
      "**Content** attributes may hold words of users, models or tools and are off by default. " +
      "A **twin** is an upstream attribute that is written beside ours.",
    registry.attributeSubjects.map(({ title }) => `- [${title}](#${anchor(title)})`).join("\n"),
    ...registry.attributeSubjects.map(section),
  );
}

function section({ title, intro, entries }: Subject): string {
  const rows = entries.map((attribute) => [
    code(attribute.key),
    typeText(attribute),
    attribute.stability,
    briefText(attribute),
    attribute.examples.map((example) => code(exampleText(example))).join("; "),
  ]);
  const notes = entries
    .filter(({ note }) => note !== undefined)
    .map(({ key, note }) => `- ${code(key)}: ${prose(note)}`)
    .join("\n");
  return [`## ${title}`, intro, table(["Attribute", "Type", "Stability", "Brief", "Examples"], rows), notes]
    .filter((part) => part !== "")
    .join("\n\n");
}

function typeText({ key, type, members, unit, format }: Attribute): string {
  if (members !== undefined) return `[enum](enums.md#${anchor(key)})`;
  if (unit !== undefined) return `${type} (${unit})`;
  return format === "json_object" ? `${type} (JSON object)` : type;
}

function briefText({ brief, content, twins, deprecated }: Attribute): string {
  const old = deprecationText(deprecated);
  return [
    old === undefined ? "" : `**Deprecated.** ${old}`,
    brief,
    content ? "**Content.**" : "",
    twins.length === 0 ? "" : `Twin: ${twins.map(({ key }) => code(key)).join(", ")}.`,
  ]
    .filter((part) => part !== "")
    .join(" ");
}

function exampleText(example: unknown): string {
  return typeof example === "string" ? example : JSON.stringify(example);
}
