/**
 * Checks a span against the registry, as data driven as the registry is: what each span must carry, and when, is in
 * `spans.ts`. Meant for the tests of whoever writes `agent.*` spans; it is not called while spans are written.
 */
import type { AttributesLike } from "../model/span.ts";
import { ATTR_AGENT_LINK_TYPE, ATTR_AGENT_OPERATION_NAME } from "./attributes.ts";
import { ATTRIBUTES, NAMESPACES } from "./definitions.ts";
import { spanName } from "./names.ts";
import { SPANS } from "./spans.ts";
import type { Condition, RequirementLevel, SpanAttribute, SpanDefinition, SpanKindName } from "./types.ts";
import { isJsonObject, isOfType } from "./values.ts";

/** What is known of a span once it has ended. `LinkLike` and `SpanLike` of any SDK line fit. */
export interface ObservedSpan {
  readonly name: string;
  /** `SpanKind` of the OTel API: INTERNAL 0, SERVER 1, CLIENT 2, PRODUCER 3, CONSUMER 4. Default 0. */
  readonly kind?: number | undefined;
  /** Attributes as `onStart` saw them. */
  readonly attributesAtStart: AttributesLike;
  /** Attributes as `onEnd` saw them. */
  readonly attributesAtEnd: AttributesLike;
  readonly links: readonly { readonly attributes?: AttributesLike | undefined }[];
  /** `SpanStatusCode` of the OTel API: UNSET 0, OK 1, ERROR 2. */
  readonly status: { readonly code: number };
  /** Whether the span was written inside a run or a session. Rules that depend on it are skipped where it is not said. */
  readonly inside?: { readonly run?: boolean; readonly session?: boolean };
}

/** How a span can depart from the convention. */
export type FindingCode =
  /** `agent.operation.name` is missing, or no operation of the convention; nothing else is checked then. */
  | "unknown_operation"
  /** Required, and not there. */
  | "missing_attribute"
  /** There at the end, and not at the start, where the convention wants it. */
  | "missing_at_start"
  /** The upstream attribute that goes with one of ours is not there. */
  | "missing_twin"
  /** It is there and says something else. */
  | "unequal_twin"
  /** Under `agent.` or `apie.`, and not defined, or not for this span. */
  | "unknown_attribute"
  | "wrong_type"
  /** None of the values of its enumeration, or none of those this span allows. */
  | "undefined_enum_value"
  | "wrong_kind"
  | "wrong_name"
  | "wrong_status"
  | "missing_link"
  /** A link the convention has, but not on this span. */
  | "unexpected_link"
  /** A link without `agent.link.type`. */
  | "link_without_type";

/** One departure of a span from the convention. */
export interface Finding {
  readonly code: FindingCode;
  /** The attribute, or the link type, it is about. */
  readonly key?: string;
  readonly message: string;
}

/** The definition an `agent.operation.name` stands for. */
export function definitionOf(operation: unknown): SpanDefinition | undefined {
  return SPANS.find((definition) => definition.operation === operation);
}

/** Where a span departs from the convention; empty when it conforms. */
export function checkSpan(span: ObservedSpan): Finding[] {
  const attributes: AttributesLike = { ...span.attributesAtStart, ...span.attributesAtEnd };
  const operation = attributes[ATTR_AGENT_OPERATION_NAME];
  const definition = definitionOf(operation);
  if (definition === undefined) {
    const what = operation === undefined ? "is missing" : `is ${show(operation)}, which no span has`;
    return [
      {
        code: "unknown_operation",
        key: ATTR_AGENT_OPERATION_NAME,
        message: `${ATTR_AGENT_OPERATION_NAME} ${what}`,
      },
    ];
  }
  const observed: Observed = { span, attributes, definition };
  return [
    ...definition.attributes.flatMap((attribute) => checkAttribute(attribute, observed)),
    ...Object.entries(attributes).flatMap(([key, value]) => checkValue(key, value, observed)),
    ...checkKind(observed),
    ...checkName(observed),
    ...checkStatus(observed),
    ...checkLinks(observed),
  ];
}

interface Observed {
  span: ObservedSpan;
  /** Those of the start and those of the end together. */
  attributes: AttributesLike;
  definition: SpanDefinition;
}

function checkAttribute(attribute: SpanAttribute, observed: Observed): Finding[] {
  const { key, atStart, twinOf } = attribute;
  const { attributes, span, definition } = observed;
  if (!isThere(attributes[key])) {
    if (!isDue(attribute, observed)) return [];
    const why = attribute.condition === undefined ? "" : ` ${attribute.condition}`;
    return twinOf === undefined
      ? [{ code: "missing_attribute", key, message: `${definition.type} requires ${key}${why}` }]
      : [{ code: "missing_twin", key, message: `${definition.type} requires ${key} beside ${twinOf.key}` }];
  }
  const findings: Finding[] = [];
  if (atStart && !isThere(span.attributesAtStart[key])) {
    findings.push({
      code: "missing_at_start",
      key,
      message: `${key} was set after the span was created; ${definition.type} wants it at start`,
    });
  }
  if (
    twinOf?.value === "same" &&
    isThere(attributes[twinOf.key]) &&
    attributes[key] !== attributes[twinOf.key]
  ) {
    findings.push({
      code: "unequal_twin",
      key,
      message: `${key} is ${show(attributes[key])}, but ${twinOf.key} is ${show(attributes[twinOf.key])}`,
    });
  }
  return findings;
}

function isDue(rule: { level: RequirementLevel; when?: Condition }, observed: Observed): boolean {
  if (rule.level === "required") return true;
  return rule.level === "conditionally_required" && rule.when !== undefined && holds(rule.when, observed);
}

/** Whether every part of a condition holds. A part that cannot be told, such as an unsaid `inside`, does not. */
function holds(condition: Condition, { span, attributes }: Observed): boolean {
  const { status, inside, present, absent, attribute, in: values } = condition;
  if (status !== undefined && (status === "error") !== (span.status.code === STATUS_ERROR)) return false;
  if (inside !== undefined && span.inside?.[inside] !== true) return false;
  if (present !== undefined && !isThere(attributes[present])) return false;
  if (absent !== undefined && isThere(attributes[absent])) return false;
  return attribute === undefined || (values ?? []).some((value) => value === attributes[attribute]);
}

function checkValue(key: string, value: unknown, { definition }: Observed): Finding[] {
  if (!isThere(value)) return [];
  const onSpan = definition.attributes.find((candidate) => candidate.key === key);
  const known = Object.hasOwn(ATTRIBUTES, key) ? ATTRIBUTES[key] : undefined;
  const isOurs = NAMESPACES.some((namespace) => key === namespace || key.startsWith(`${namespace}.`));
  if (isOurs && onSpan === undefined) {
    const what = known === undefined ? "does not exist" : `is not for ${definition.type}`;
    return [{ code: "unknown_attribute", key, message: `${key} ${what}` }];
  }
  if (known === undefined) return [];
  if (!isOfType(value, known.type)) {
    return [
      { code: "wrong_type", key, message: `${key} is ${show(value)}, which is not of type ${known.type}` },
    ];
  }
  if (known.format === "json_object" && !isJsonObject(value)) {
    return [
      {
        code: "wrong_type",
        key,
        message: `${key} is ${show(value)}, which is not the text of a JSON object`,
      },
    ];
  }
  const allowed = onSpan?.values ?? (isOurs ? known.values : undefined);
  if (allowed === undefined || allowed.some((candidate) => candidate === value)) return [];
  return [
    {
      code: "undefined_enum_value",
      key,
      message: `${key} is ${show(value)}, which is none of ${allowed.join(", ")}`,
    },
  ];
}

/** `SpanKind` of the OTel API. */
const KINDS: readonly SpanKindName[] = ["internal", "server", "client", "producer", "consumer"];

function checkKind({ span, definition }: Observed): Finding[] {
  const kind = KINDS[span.kind ?? 0];
  const allowed = [definition.kind, ...definition.otherKinds];
  if (kind !== undefined && allowed.includes(kind)) return [];
  const message = `${definition.type} has kind ${kind ?? String(span.kind)} and not ${allowed.join(" or ")}`;
  return [{ code: "wrong_kind", message }];
}

function checkName({ span, attributes, definition }: Observed): Finding[] {
  const expected = spanName(definition, attributes);
  // Without a name its attributes are missing, and that is a finding already.
  if (expected === undefined || expected === span.name) return [];
  return [{ code: "wrong_name", message: `the span is named ${show(span.name)} and not ${show(expected)}` }];
}

/** `SpanStatusCode` of the OTel API. */
const STATUS_OK = 1;
const STATUS_ERROR = 2;

function checkStatus({ span }: Observed): Finding[] {
  if (span.status.code !== STATUS_OK) return [];
  return [{ code: "wrong_status", message: "the status is OK; OpenTelemetry wants it unset on success" }];
}

function checkLinks(observed: Observed): Finding[] {
  const { span, definition } = observed;
  const types = span.links.map(({ attributes }) => attributes?.[ATTR_AGENT_LINK_TYPE]);
  const known = ATTRIBUTES[ATTR_AGENT_LINK_TYPE]?.values ?? [];
  const findings = types.flatMap((type): Finding[] => {
    if (!isThere(type)) {
      return [
        {
          code: "link_without_type",
          key: ATTR_AGENT_LINK_TYPE,
          message: `a link has no ${ATTR_AGENT_LINK_TYPE}`,
        },
      ];
    }
    if (!known.some((candidate) => candidate === type)) {
      const message = `a link's ${ATTR_AGENT_LINK_TYPE} is ${show(type)}, which is none of ${known.join(", ")}`;
      return [{ code: "undefined_enum_value", key: ATTR_AGENT_LINK_TYPE, message }];
    }
    if (definition.links.some((link) => link.type === type)) return [];
    return [
      { code: "unexpected_link", key: String(type), message: `${definition.type} has no link ${show(type)}` },
    ];
  });
  const missing = definition.links.filter((link) => isDue(link, observed) && !types.includes(link.type));
  return [
    ...findings,
    ...missing.map(
      ({ type }): Finding => ({
        code: "missing_link",
        key: type,
        message: `${definition.type} requires a link ${type}`,
      }),
    ),
  ];
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** A value for a message. What is no text, number or boolean is named by its form, so that no value can make this throw. */
function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return Array.isArray(value) ? "a list" : `of type ${typeof value}`;
}
