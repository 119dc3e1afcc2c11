/** The resolved registry: groups merged into spans, defaults filled in, everything in a fixed order. */
import type {
  Condition,
  RequirementLevel,
  SpanKindName,
  Stability,
  Twin,
  ValueType,
} from "../../src/semconv/types.ts";

export interface Deprecation {
  reason: "renamed" | "obsoleted" | "uncategorized";
  renamed_to?: string | undefined;
  note?: string | undefined;
}

export interface Member {
  id: string;
  value: string;
  brief: string;
  stability: Stability;
  note?: string | undefined;
  deprecated?: Deprecation | undefined;
}

/** One of our own attributes. */
export interface Attribute {
  key: string;
  type: ValueType;
  /** Of an enumeration. */
  members?: readonly Member[] | undefined;
  brief: string;
  note?: string | undefined;
  examples: readonly unknown[];
  stability: Stability;
  deprecated?: Deprecation | undefined;
  content: boolean;
  unit?: "s" | undefined;
  format?: "json_object" | undefined;
  twins: readonly Twin[];
}

/** An attribute of another registry that spans of ours carry. */
export interface UpstreamAttribute {
  key: string;
  type: ValueType;
  source: string;
  stability: Stability;
  brief: string;
  values?: readonly string[] | undefined;
  content?: boolean | undefined;
}

export interface Requirement {
  level: RequirementLevel;
  condition?: string | undefined;
  when?: Condition | undefined;
}

export interface SpanAttribute extends Requirement {
  key: string;
  atStart: boolean;
  values?: readonly string[] | undefined;
  brief?: string | undefined;
  note?: string | undefined;
  twinOf?: { key: string; value: Twin["value"] } | undefined;
}

export interface SpanLink extends Requirement {
  type: string;
}

export interface Span {
  type: string;
  operation: string;
  kind: SpanKindName;
  otherKinds: readonly SpanKindName[];
  nameNote: string;
  nameTemplates: readonly string[];
  brief: string;
  note?: string | undefined;
  stability: Stability;
  deprecated?: Deprecation | undefined;
  instant: boolean;
  attributes: readonly SpanAttribute[];
  links: readonly SpanLink[];
}

/** The attributes of one file of the model, with the title and text of its top comment. */
export interface Subject {
  title: string;
  intro: string;
  entries: readonly Attribute[];
}

export interface Registry {
  schemaUrl: string;
  version: string;
  description: string;
  attributeSubjects: readonly Subject[];
  /** All of `attributeSubjects`, by key. */
  attributes: ReadonlyMap<string, Attribute>;
  upstream: ReadonlyMap<string, UpstreamAttribute>;
  upstreamSources: Readonly<Record<string, { schema_url: string; repository: string; revision: string }>>;
  /** In the order of the members of `agent.operation.name`. */
  spans: readonly Span[];
}

/** Attribute that tells in telemetry which span it is. */
export const OPERATION_KEY = "agent.operation.name";
/** Attribute of links that tells what a link means. */
export const LINK_TYPE_KEY = "agent.link.type";

/** Values of an enumeration of ours; none for any other attribute. */
export function memberValues(registry: Registry, key: string): string[] {
  return registry.attributes.get(key)?.members?.map((member) => member.value) ?? [];
}
