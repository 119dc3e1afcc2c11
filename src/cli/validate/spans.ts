/**
 * What becomes of spans: they are given to the bridge's own processor as if they had just ended, and what it would send to
 * Apie is caught instead of sent.
 */
import { Apie } from "../../apie.ts";
import type { TransportRequest, TransportResult } from "../../config/index.ts";
import { ConventionReader } from "../../conventions/index.ts";
import type { QueueDiagnostics } from "../../diagnostics/index.ts";
import { type EventIssue, validateEvents } from "../../events/index.ts";
import { type OtlpSpan, SPAN_KINDS, type SpanSource, STATUS_CODES } from "../../local/index.ts";
import type { HrTime, SpanContextLike, SpanLike } from "../../model/span.ts";
import type { StartOptions } from "../../start/index.ts";

export interface SpanFate {
  readonly trace_id: string;
  readonly span_id: string;
  readonly name: string;
  readonly scope: string;
  /** Which activity it is, and by which convention; null for what no convention knows, and no event comes of. */
  readonly kind: string | null;
  readonly convention: string | null;
  /** Number of the run it opens, or that its events belong to; null where it makes none. */
  readonly run: number | null;
  /** Types of the events that tell of it. */
  readonly events: readonly string[];
}

export interface Fates {
  readonly spans: readonly SpanFate[];
  readonly runs: readonly {
    readonly run: number;
    readonly agent_key: string;
    readonly trace_id: string | null;
    readonly events: number;
  }[];
  readonly sessions: number;
  readonly events: number;
  /** Events that would not be taken: a fault of the bridge, or of a convention of the user's. */
  readonly invalid: readonly { readonly type: string | undefined; readonly issues: readonly EventIssue[] }[];
  /** What became of no event, with the reason, counted. */
  readonly lost: Readonly<Record<string, number>>;
  /** Spans of agent work that began after their run had ended, and of which no event tells. */
  readonly late: number;
}

type Body = Record<string, unknown>;

function hrTime(nanoseconds: string): HrTime {
  const time = BigInt(nanoseconds);
  return [Number(time / 1_000_000_000n), Number(time % 1_000_000_000n)];
}

/** `SpanKind` of the OTel API; OTLP has one more in front. */
const kindOf = (kind: OtlpSpan["kind"]): number => Math.max(0, SPAN_KINDS.indexOf(kind) - 1);

const SAMPLED = 1;

export function spanLike(span: OtlpSpan, { resource, scope }: SpanSource): SpanLike {
  const context = (traceId: string, spanId: string): SpanContextLike => ({
    traceId,
    spanId,
    traceFlags: SAMPLED,
  });
  const parent = span.parent_span_id;
  return {
    name: span.name,
    kind: kindOf(span.kind),
    spanContext: () => context(span.trace_id, span.span_id),
    ...(parent === null ? {} : { parentSpanContext: context(span.trace_id, parent), parentSpanId: parent }),
    startTime: hrTime(span.start_time_unix_nano),
    endTime: hrTime(span.end_time_unix_nano),
    ended: true,
    status: { code: STATUS_CODES.indexOf(span.status.code), message: span.status.message },
    attributes: span.attributes,
    links: span.links.map((link) => ({
      context: context(link.trace_id, link.span_id),
      attributes: link.attributes,
    })),
    events: span.events.map((event) => ({
      name: event.name,
      time: hrTime(event.time_unix_nano),
      attributes: event.attributes,
    })),
    resource: { attributes: resource.attributes },
    instrumentationScope: { name: scope.name, version: scope.version },
  };
}

const otelOf = (body: Body): { trace_id?: string; span_id?: string } =>
  ((body.metadata as Body | undefined)?.otel ?? {}) as { trace_id?: string; span_id?: string };

const keyOf = ({ trace_id, span_id }: { trace_id?: string; span_id?: string }): string =>
  `${trace_id} ${span_id}`;

/** An Apie that takes everything and keeps it. */
class Catcher {
  readonly runs: { id: string; body: Body }[] = [];
  readonly events: Body[] = [];
  sessions = 0;

  readonly transport = ({ url, body }: TransportRequest): Promise<TransportResult> => {
    const answer = this.#answer(new URL(url).pathname, JSON.parse(body ?? "{}") as Body);
    return Promise.resolve({ kind: "response", status: 200, headers: {}, body: JSON.stringify(answer) });
  };

  #answer(path: string, body: Body): Body {
    if (path === "/v1/agents/identify") return { agent_id: "agt_1", agent_version_id: "ver_1" };
    if (path === "/v1/events") {
      const events = body.events as Body[];
      this.events.push(...events);
      return { accepted: events.length };
    }
    if (path === "/v1/sessions") {
      this.sessions += 1;
      return { id: `ses_${this.sessions}` };
    }
    if (/\/runs$/.test(path)) {
      const id = `run_${this.runs.length + 1}`;
      this.runs.push({ id, body });
      return { id };
    }
    return {};
  }
}

const LONG_MS = 600_000;
/** Nothing leaves this process: the transport is the catcher. */
const NOWHERE = { apiKey: "not-sent", baseUrl: "http://not-sent.invalid" };

/** @param options those of the service: its conventions, agents and rules count. */
export async function fatesOf(spans: readonly SpanLike[], options: StartOptions = {}): Promise<Fates> {
  const catcher = new Catcher();
  const apie = new Apie({
    agent: { key: "agent", name: "Agent" },
    ...options,
    ...NOWHERE,
    transport: catcher.transport,
    fetch: undefined,
    enabled: true,
    mode: undefined,
    queueStoragePath: undefined,
    sessionStore: undefined,
    forwardTo: undefined,
    waitUntil: undefined,
    onError: "silent",
    flushTimeoutMs: LONG_MS,
    shutdownTimeoutMs: LONG_MS,
    maxQueueSize: 10_000_000,
    maxQueueBytes: 1_073_741_824,
  });
  for (const span of spans) apie.spanProcessor.onEnd(span);
  await apie.shutdown();
  return summary(spans, catcher, apie.queueDiagnostics(), options);
}

function grouped(events: readonly Body[], keyOf: (event: Body) => string): ReadonlyMap<string, Body[]> {
  const groups = new Map<string, Body[]>();
  for (const event of events) {
    const key = keyOf(event);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [event]);
    else group.push(event);
  }
  return groups;
}

function summary(
  spans: readonly SpanLike[],
  { runs, events, sessions }: Catcher,
  { reasons: lost, lateSpans: late }: QueueDiagnostics,
  { conventions, inferRules, touchedResources: touched }: StartOptions,
): Fates {
  const reader = new ConventionReader(conventions ?? [], { inferRules, touched });
  const numberOf = new Map(runs.map(({ id }, index) => [id, index + 1]));
  const opened = new Map(runs.map(({ id, body }) => [keyOf(otelOf(body)), numberOf.get(id)]));
  const told = grouped(events, (event) => keyOf(otelOf(event)));
  const ofRun = grouped(events, ({ run_id }) => String(run_id));
  const verdicts = validateEvents(events).results.filter(({ valid }) => !valid);
  return {
    spans: spans.map((span): SpanFate => {
      const { traceId: trace_id, spanId: span_id } = span.spanContext();
      const key = keyOf({ trace_id, span_id });
      const activity = reader.read(span, "end");
      const its = told.get(key) ?? [];
      return {
        trace_id,
        span_id,
        name: span.name,
        scope: span.instrumentationScope?.name ?? "",
        kind: activity?.kind ?? null,
        convention: activity?.convention ?? null,
        run: opened.get(key) ?? numberOf.get(String(its[0]?.run_id)) ?? null,
        events: its.map(({ type }) => String(type)),
      };
    }),
    runs: runs.map(({ id, body }) => ({
      run: numberOf.get(id) ?? 0,
      agent_key: String(body.agent_key),
      trace_id: otelOf(body).trace_id ?? null,
      events: ofRun.get(id)?.length ?? 0,
    })),
    sessions,
    events: events.length,
    invalid: verdicts.map(({ type, issues }) => ({ type, issues })),
    lost,
    late,
  };
}
