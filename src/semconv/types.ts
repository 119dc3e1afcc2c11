import type { AgentLinkType, AgentOperationName } from "./enums.ts";

/** How settled a definition is, in the words of OpenTelemetry. */
export type Stability = "development" | "alpha" | "beta" | "release_candidate" | "stable";

/** Type of an attribute's value. `int` is a whole number, `double` any number, `any` whatever the SDK can carry. */
export type ValueType =
  | "string"
  | "int"
  | "double"
  | "boolean"
  | "string[]"
  | "int[]"
  | "double[]"
  | "boolean[]"
  | "any";

/** Span kinds, by the names the registry uses. */
export type SpanKindName = "internal" | "server" | "client" | "producer" | "consumer";

/** How strongly a span wants an attribute or a link (OpenTelemetry's attribute requirement levels). */
export type RequirementLevel = "required" | "conditionally_required" | "recommended" | "opt_in";

/**
 * How an upstream twin's value follows from ours: `same` value, `mapped` to upstream's own words, or `any`, where a
 * value that was already on the span stays.
 */
export type TwinValue = "same" | "mapped" | "any";

/** An upstream key that is written beside one of ours. */
export interface Twin {
  readonly key: string;
  readonly value: TwinValue;
}

/** What holds for an attribute wherever it is used. */
export interface AttributeDefinition {
  readonly type: ValueType;
  readonly stability: Stability;
  /** Well-known values. Closed for our own keys, open for upstream's. */
  readonly values?: readonly string[];
  /** `json_object`: the text of a JSON object. */
  readonly format?: "json_object";
  /** Unit of the number; `s` is seconds. */
  readonly unit?: "s";
  /** May hold words of users, models or tools: written only where the user asked for content. */
  readonly content?: true;
  /** Upstream keys that say the same. */
  readonly twins?: readonly Twin[];
}

/** When a `conditionally_required` attribute or link is due, as far as a program can tell. All given parts must hold. */
export interface Condition {
  /** The span's status is ERROR, or is not. */
  readonly status?: "error" | "not_error";
  /** The span was written inside a run or a session. */
  readonly inside?: "run" | "session";
  /** This attribute is on the span. */
  readonly present?: string;
  /** This attribute is not. */
  readonly absent?: string;
  /** This attribute has one of the values of `in`. */
  readonly attribute?: string;
  readonly in?: readonly string[];
}

interface Requirement {
  readonly level: RequirementLevel;
  /** When the level applies, in words. */
  readonly condition?: string;
  /** The same for programs; absent where only a reader can tell. */
  readonly when?: Condition;
}

/** An attribute as one span uses it. */
export interface SpanAttribute extends Requirement {
  readonly key: string;
  /** Given when the span is created, so that samplers and processors see it in `onStart`. */
  readonly atStart: boolean;
  /** The only values this span allows, where it narrows them. */
  readonly values?: readonly string[];
  /** The key of ours this upstream attribute is written beside. */
  readonly twinOf?: { readonly key: string; readonly value: TwinValue };
}

/** A kind of link one span carries; `type` is the link's `agent.link.type`. */
export interface SpanLink extends Requirement {
  readonly type: AgentLinkType;
}

/** One span of the convention. */
export interface SpanDefinition {
  /** Span type of the registry, `{area}.{kind}.{name}`. */
  readonly type: string;
  /** Value of `agent.operation.name`, which tells the span in telemetry. */
  readonly operation: AgentOperationName;
  readonly kind: SpanKindName;
  /** Further kinds that are right in the cases the definition's note names. */
  readonly otherKinds: readonly SpanKindName[];
  /** Span names with `{attribute}` in them; the first whose attributes are all there counts. */
  readonly nameTemplates: readonly string[];
  readonly stability: Stability;
  /** The span has no length. */
  readonly instant: boolean;
  readonly attributes: readonly SpanAttribute[];
  readonly links: readonly SpanLink[];
}
