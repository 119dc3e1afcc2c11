import type { AttributesLike } from "../model/span.ts";
import type { SpanDefinition } from "./types.ts";

const PLACEHOLDER = /\{([^}]+)\}/g;

/** The attributes a span name template is made of: `"execute_tool {gen_ai.tool.name}"` gives `["gen_ai.tool.name"]`. */
export function placeholders(template: string): string[] {
  return Array.from(template.matchAll(PLACEHOLDER), (match) => match[1] ?? "");
}

/**
 * The name the convention gives a span with these attributes: the first of its templates whose attributes are all
 * there. `undefined` when none is complete, which means a required attribute is missing.
 */
export function spanName(definition: SpanDefinition, attributes: AttributesLike): string | undefined {
  const complete = definition.nameTemplates.find((template) =>
    placeholders(template).every((key) => attributes[key] !== undefined && attributes[key] !== null),
  );
  return complete?.replaceAll(PLACEHOLDER, (_match, key: string) => String(attributes[key]));
}
