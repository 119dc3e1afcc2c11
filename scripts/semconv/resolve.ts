import { placeholders } from "../../src/semconv/names.ts";
import type { TwinValue, ValueType } from "../../src/semconv/types.ts";
import type { ParsedSources } from "./load.ts";
import type { Problem } from "./problem.ts";
import { type Reference, ReferenceResolver } from "./references.ts";
import {
  type Attribute,
  OPERATION_KEY,
  type Registry,
  type Requirement,
  type Span,
  type SpanAttribute,
  type UpstreamAttribute,
} from "./registry.ts";
import type { AttributeEntry, LevelEntry, SpanEntry } from "./shapes.ts";

const LEVEL_ORDER = ["required", "conditionally_required", "recommended", "opt_in"] as const;

/**
 * Merges groups into spans and fills in defaults. References that lead nowhere, and groups that collide, go to
 * `problems`; the registry is then complete except for them.
 */
export function resolveRegistry(sources: ParsedSources, problems: Problem[]): Registry {
  const attributeSubjects = sources.model
    .filter((file) => file.value.attributes !== undefined)
    .map((file) => ({
      title: file.title,
      intro: file.intro,
      entries: (file.value.attributes ?? []).map(resolveAttribute),
    }));
  const attributes = new Map(
    attributeSubjects.flatMap(({ entries }) => entries.map((entry) => [entry.key, entry])),
  );
  const upstream = new Map<string, UpstreamAttribute>(
    sources.upstream.value.attributes.map((entry) => [entry.key, entry]),
  );
  const references = new ReferenceResolver(
    sources,
    new Set([...attributes.keys(), ...upstream.keys()]),
    problems,
  );
  const spans = sources.model.flatMap((file) =>
    (file.value.spans ?? []).map((entry, index) =>
      resolveSpan(entry, references.ofSpan(entry, file, index), attributes),
    ),
  );
  const operations = attributes.get(OPERATION_KEY)?.members?.map(({ value }) => value) ?? [];
  const { schema_url: schemaUrl, description = "" } = sources.manifest.value;
  return {
    schemaUrl,
    version: schemaUrl.slice(schemaUrl.lastIndexOf("/") + 1),
    description,
    attributeSubjects,
    attributes,
    upstream,
    upstreamSources: sources.upstream.value.sources,
    spans: spans.sort((a, b) => operations.indexOf(a.operation) - operations.indexOf(b.operation)),
  };
}

function resolveAttribute(entry: AttributeEntry): Attribute {
  const { content, unit, format, mirrors } = entry.annotations ?? {};
  const members = typeof entry.type === "string" ? undefined : entry.type.members;
  return {
    key: entry.key,
    type: typeof entry.type === "string" ? (entry.type satisfies ValueType) : "string",
    members,
    brief: entry.brief,
    note: entry.note,
    examples: entry.examples ?? [],
    stability: entry.stability,
    deprecated: entry.deprecated,
    content: content ?? false,
    unit,
    format,
    twins: mirrors ?? [],
  };
}

function resolveLevel(level: LevelEntry): Requirement {
  if (typeof level === "string") return { level };
  for (const name of LEVEL_ORDER) {
    if (name !== "required" && level[name] !== undefined) return { level: name, condition: level[name] };
  }
  throw new Error("a requirement level without entry passed the shape check");
}

function resolveSpan(
  entry: SpanEntry,
  merged: ReadonlyMap<string, Reference>,
  attributes: ReadonlyMap<string, Attribute>,
): Span {
  const twins = new Map(
    [...attributes.values()]
      .filter(({ key }) => merged.has(key))
      .flatMap(({ key, twins }) => twins.map((twin) => [twin.key, { key, value: twin.value }] as const)),
  );
  const operation = entry.type.slice(entry.type.lastIndexOf(".") + 1);
  return {
    type: entry.type,
    operation,
    kind: entry.kind,
    otherKinds: entry.annotations?.other_kinds ?? [],
    nameNote: entry.name.note,
    nameTemplates: Array.from(entry.name.note.matchAll(/`([^`]+)`/g), (match) => match[1] ?? ""),
    brief: entry.brief,
    note: entry.note,
    stability: entry.stability,
    deprecated: entry.deprecated,
    instant: entry.annotations?.instant ?? false,
    attributes: [...merged]
      .map(([key, ref]) => spanAttribute(key, ref, operation, twins.get(key)))
      .sort(byLevelThenKey),
    links: (entry.annotations?.links ?? []).map(({ type, requirement_level, when }) => ({
      type,
      ...resolveLevel(requirement_level),
      when,
    })),
  };
}

function spanAttribute(
  key: string,
  reference: Reference,
  operation: string,
  twinOf: { key: string; value: TwinValue } | undefined,
): SpanAttribute {
  const requirement = resolveLevel(reference.requirement_level ?? "opt_in");
  return {
    key,
    ...requirement,
    // A group's condition does not outlive a level of the span's own.
    when: requirement.level === "conditionally_required" ? reference.annotations?.when : undefined,
    atStart: reference.sampling_relevant ?? false,
    values: key === OPERATION_KEY ? [operation] : reference.annotations?.values,
    brief: reference.brief,
    note: reference.note,
    twinOf,
  };
}

function byLevelThenKey(a: SpanAttribute, b: SpanAttribute): number {
  const byLevel = LEVEL_ORDER.indexOf(a.level) - LEVEL_ORDER.indexOf(b.level);
  if (byLevel !== 0) return byLevel;
  return a.key < b.key ? -1 : 1;
}

/** The keys in a span's name templates. */
export function nameKeys(span: Span): string[] {
  return [...new Set(span.nameTemplates.flatMap(placeholders))];
}
