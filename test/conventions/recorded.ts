/** Spans recorded from published libraries (test/fixtures/spans), as a span processor saw them at start and at end. */
import { readFileSync } from "node:fs";
import type { Activity } from "../../src/model/activity.ts";
import type { HrTime, SpanLike } from "../../src/model/span.ts";

interface Recorded {
  name: string;
  nameAtStart: string;
  attributesAtStart: Record<string, unknown>;
  kind?: number;
  traceId?: string;
  spanId?: string;
  parentSpanContext?: { traceId: string; spanId: string } | null;
  startTime?: string;
  endTime?: string;
  status?: { code: number; message?: string };
  attributes?: Record<string, unknown>;
  events?: { name: string; attributes?: Record<string, unknown> }[];
  scope?: { name: string };
  resource?: Record<string, unknown>;
  /** A span the library never ended has none. */
  endSeq: number | null;
}

export interface RecordedSpan {
  atStart: SpanLike;
  /** Absent when the library never ended the span. */
  atEnd: SpanLike | undefined;
}

const hrTime = (nanoseconds: string | undefined): HrTime => {
  const time = BigInt(nanoseconds ?? 0);
  return [Number(time / 1_000_000_000n), Number(time % 1_000_000_000n)];
};

function spanOf(recorded: Recorded, phase: "start" | "end"): SpanLike {
  const isEnd = phase === "end";
  const { traceId = "0".repeat(32), spanId = "0".repeat(16), scope, resource = {} } = recorded;
  return {
    name: isEnd ? recorded.name : recorded.nameAtStart,
    kind: recorded.kind ?? 0,
    spanContext: () => ({ traceId, spanId, traceFlags: 1 }),
    parentSpanContext: recorded.parentSpanContext ?? undefined,
    startTime: hrTime(recorded.startTime),
    endTime: isEnd ? hrTime(recorded.endTime) : [0, 0],
    ended: isEnd,
    status: isEnd ? (recorded.status ?? { code: 0 }) : { code: 0 },
    // Frozen, so that a convention that writes to a span fails the test.
    attributes: Object.freeze({ ...(isEnd ? recorded.attributes : recorded.attributesAtStart) }),
    links: [],
    events: isEnd ? (recorded.events ?? []) : [],
    resource: { attributes: resource },
    instrumentationScope: scope ?? { name: "" },
  };
}

/** @param recording e.g. `ai-sdk-v6/tool_loop` */
export function recorded(recording: string): RecordedSpan[] {
  const file = new URL(`../fixtures/spans/${recording}.readable.json`, import.meta.url);
  const spans = JSON.parse(readFileSync(file, "utf8")) as Recorded[];
  return spans.map((span) => ({
    atStart: spanOf(span, "start"),
    atEnd: span.endSeq === null ? undefined : spanOf(span, "end"),
  }));
}

/** A span made by hand. */
export function span(members: Partial<SpanLike> & { attributes?: Record<string, unknown> }): SpanLike {
  return {
    name: "span",
    kind: 0,
    spanContext: () => ({ traceId: "1".repeat(32), spanId: "2".repeat(16) }),
    startTime: [1, 0],
    endTime: [2, 0],
    status: { code: 0 },
    attributes: {},
    links: [],
    events: [],
    ...members,
  };
}

/** An activity in one line: what was read, in a fixed order, nothing where nothing was. */
export function told(activity: Activity | undefined): string {
  if (activity === undefined) return "-";
  const { agent, llm, tool, mcp, step, error, resource } = activity;
  const usage = llm?.usage;
  const counts = [usage?.input, usage?.output, usage?.total, usage?.cacheRead, usage?.reasoning];
  const parts = {
    agent: agent?.name,
    op: llm?.operation,
    provider: llm?.provider,
    model: llm?.requestModel,
    answered: llm?.responseModel,
    stream: llm?.stream,
    finish: llm?.finishReason,
    usage: usage === undefined ? undefined : counts.map((count) => count ?? "").join("/"),
    ttft: llm?.timeToFirstTokenMs === undefined ? undefined : llm.timeToFirstTokenMs > 0,
    tool: tool && [tool.name, tool.type, tool.callId, tool.provider].filter(Boolean).join("|"),
    mcp: mcp && [mcp.method, mcp.server, mcp.toolName].filter(Boolean).join("|"),
    step: step && [step.key, step.type].join("|"),
    resource: resource?.type,
    session: activity.sessionId,
    user: activity.userId,
    error: error && [error.type, error.message].filter(Boolean).join("|"),
  };
  const said = Object.entries(parts).filter(([, value]) => value !== undefined);
  return [activity.kind, ...said.map(([name, value]) => `${name}=${value}`)].join(" ");
}
