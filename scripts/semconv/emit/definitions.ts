import type { Registry } from "../registry.ts";
import { CODE_HEADER, literal } from "./text.ts";

/** `definitions.ts`: type, values and twins of every attribute as data, and lists derived from them. */
export function emitDefinitions(registry: Registry): string {
  const own = [...registry.attributes.values()].map((attribute) => ({
    key: attribute.key,
    definition: {
      type: attribute.type,
      stability: attribute.stability,
      values: attribute.members?.map(({ value }) => value),
      format: attribute.format,
      unit: attribute.unit,
      content: attribute.content || undefined,
      twins: attribute.twins.length > 0 ? attribute.twins : undefined,
    },
  }));
  const upstream = [...registry.upstream.values()].map(({ key, type, stability, values, content }) => ({
    key,
    definition: { type, stability, values, content: content || undefined },
  }));
  const all = [...own, ...upstream];
  const content = all.filter(({ definition }) => definition.content === true).map(({ key }) => key);
  const namespaces = [...new Set(own.map(({ key }) => key.slice(0, key.indexOf("."))))];
  return `${[
    CODE_HEADER,
    'import type { AttributeDefinition } from "./types.ts";',
    `/** First words of the keys this registry defines. A key under one of them that is not in \`ATTRIBUTES\` does not exist. */
export const NAMESPACES: readonly string[] = ${literal(namespaces)};`,
    `/** Attributes that may hold words of users, models or tools; off unless the user asks for content. */
export const CONTENT_ATTRIBUTES: readonly string[] = ${literal(content)};`,
    `/** Every attribute of the convention by its key: ours, then the upstream ones our spans carry. */
export const ATTRIBUTES: Readonly<Record<string, AttributeDefinition>> = {
${all.map(({ key, definition }) => `${JSON.stringify(key)}: ${literal(definition)},`).join("\n")}
};`,
  ].join("\n\n")}\n`;
}
