import { attributeConstant, constantCase } from "../constants.ts";
import type { Registry, Span } from "../registry.ts";
import { CODE_HEADER, Code, deprecationText, docComment, literal } from "./text.ts";

/** `spans.ts`: every span definition as data. */
export function emitSpans(registry: Registry): string {
  const keys = [
    ...new Set(registry.spans.flatMap(({ attributes }) => attributes.map(({ key }) => key))),
  ].sort();
  const names = registry.spans.map((span) => spanConstant(span));
  return `${[
    CODE_HEADER,
    `import { ${keys.map(attributeConstant).join(", ")} } from "./attributes.ts";
import type { SpanDefinition } from "./types.ts";`,
    ...registry.spans.map(emitSpan),
    `/** Every span of the convention. */\nexport const SPANS: readonly SpanDefinition[] = [${names.join(", ")}];`,
  ].join("\n\n")}\n`;
}

function spanConstant(span: Span): string {
  return `SPAN_${constantCase(span.operation)}`;
}

function emitSpan(span: Span): string {
  const old = deprecationText(span.deprecated);
  const comment = docComment(span.brief, span.note, old === undefined ? undefined : `@deprecated ${old}`);
  const attributes = span.attributes.map(({ key, level, atStart, condition, when, values, twinOf }) =>
    literal({ key: new Code(attributeConstant(key)), level, atStart, condition, when, values, twinOf }),
  );
  const links = span.links.map(({ type, level, condition, when }) =>
    literal({ type, level, condition, when }),
  );
  return `${comment}
export const ${spanConstant(span)}: SpanDefinition = {
type: ${literal(span.type)},
operation: ${literal(span.operation)},
kind: ${literal(span.kind)},
otherKinds: ${literal(span.otherKinds)},
nameTemplates: ${literal(span.nameTemplates)},
stability: ${literal(span.stability)},
instant: ${literal(span.instant)},
attributes: [
${attributes.map((attribute) => `${attribute},`).join("\n")}
],
links: [
${links.map((link) => `${link},`).join("\n")}
],
};`;
}
