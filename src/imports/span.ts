/** Imported spans: ended, readable by every SDK line's processors and exporters. */
import { PACKAGE_NAME, VERSION } from "../config/index.ts";
import type {
  AttributesLike,
  HrTime,
  LinkLike,
  ResourceLike,
  SpanContextLike,
  SpanLike,
} from "../model/span.ts";
import { type AgentLinkType, ATTR_AGENT_LINK_TYPE, SCHEMA_URL } from "../semconv/index.ts";
import { MICROSECONDS } from "./timeline.ts";

export type AttributeValue = string | number | boolean | readonly string[];
export type Attributes = Readonly<Record<string, AttributeValue | undefined>>;

/** An ended span in the form the SDKs call `ReadableSpan`. */
export interface ImportedSpan extends SpanLike {
  readonly kind: number;
  readonly parentSpanContext: SpanContextLike | undefined;
  readonly parentSpanId: string | undefined;
  readonly duration: HrTime;
  readonly ended: true;
  readonly attributes: AttributesLike;
  readonly resource: ResourceLike;
  readonly instrumentationScope: {
    readonly name: string;
    readonly version: string;
    readonly schemaUrl: string;
  };
  readonly droppedAttributesCount: number;
  readonly droppedEventsCount: number;
  readonly droppedLinksCount: number;
}

export interface SpanFailure {
  /** Class or code. */
  type: string;
  /** Content. */
  message?: string | undefined;
}

export interface SpanMaking {
  context: SpanContextLike;
  parent?: SpanContextLike | undefined;
  name: string;
  kind?: number | undefined;
  startUs: number;
  endUs: number;
  attributes: Attributes;
  links?: readonly LinkLike[] | undefined;
  failure?: SpanFailure | undefined;
  resource: ResourceLike;
}

const UNSET = 0;
const ERROR = 2;
const KIND_INTERNAL = 0;
export const KIND_CLIENT = 2;

const SCOPE = { name: PACKAGE_NAME, version: VERSION, schemaUrl: SCHEMA_URL };

const hrTime = (us: number): HrTime => [
  Math.floor(us / MICROSECONDS),
  Math.round(us - Math.floor(us / MICROSECONDS) * MICROSECONDS) * 1_000,
];

export function makeSpan(making: SpanMaking): ImportedSpan {
  const { context, parent, failure } = making;
  const endUs = Math.max(making.endUs, making.startUs);
  const endTime = hrTime(endUs);
  return {
    name: making.name,
    kind: making.kind ?? KIND_INTERNAL,
    spanContext: () => context,
    parentSpanContext: parent,
    parentSpanId: parent?.spanId,
    startTime: hrTime(making.startUs),
    endTime,
    duration: hrTime(endUs - making.startUs),
    ended: true,
    status: failure === undefined ? { code: UNSET } : { code: ERROR, ...known({ message: failure.message }) },
    attributes: known({
      ...making.attributes,
      "error.type": failure?.type ?? making.attributes["error.type"],
    }),
    links: making.links ?? [],
    events:
      failure === undefined
        ? []
        : [
            {
              name: "exception",
              time: endTime,
              attributes: known({ "exception.type": failure.type, "exception.message": failure.message }),
            },
          ],
    resource: making.resource,
    instrumentationScope: SCOPE,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

export function linkTo(context: SpanContextLike, type: AgentLinkType): LinkLike {
  return { context, attributes: { [ATTR_AGENT_LINK_TYPE]: type } };
}

/** Without what is not known. */
function known<Value>(members: Readonly<Record<string, Value | undefined>>): Record<string, Value> {
  const told: Record<string, Value> = {};
  for (const [name, value] of Object.entries(members)) if (value !== undefined) told[name] = value;
  return told;
}

/** One object for all spans of an import: exporters group by it. */
export function resourceOf(attributes: AttributesLike): ResourceLike {
  return { attributes, asyncAttributesPending: false };
}
