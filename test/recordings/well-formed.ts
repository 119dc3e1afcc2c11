/** What holds for every recording: each beginning has one end after it, and nothing fails where nothing failed. */
import type { HrTime, SpanLike } from "../../src/model/span.ts";
import type { WireRecord } from "../support/recording-apie.ts";
import { alternativesOf, type Expected, type Feed, valuesOf } from "./expected.ts";
import { type Observed, spanOf } from "./observed.ts";

const PAIRS: readonly (readonly [opening: string, ...closing: string[]])[] = [
  ["agent.llm.called", "agent.llm.completed", "agent.llm.failed"],
  ["agent.mcp.called", "agent.mcp.completed", "agent.mcp.failed"],
  ["agent.action.requested", "agent.action.completed", "agent.action.failed"],
  ["agent.workflow.step.started", "agent.workflow.step.completed", "agent.workflow.step.failed"],
];

/** @param spans as they were at their end; the times of those that never ended were not recorded. */
export function malformed(
  expected: Expected,
  feed: Feed,
  observed: Observed,
  spans: readonly SpanLike[],
): string[] {
  return [
    ...PAIRS.flatMap((pair) => unpaired(observed, ...pair)),
    ...(mayFail(expected, feed) ? [] : failures(observed)),
    ...unfinished(observed),
    ...misnumbered(observed),
    ...mistimed(observed, spans),
    ...ofHttp(observed, spans),
  ];
}

function unpaired({ events }: Observed, opening: string, ...closing: string[]): string[] {
  const places = (types: readonly string[]): Map<string, number[]> => {
    const found = new Map<string, number[]>();
    for (const event of events) {
      if (types.includes(event.type))
        found.set(spanOf(event), [...(found.get(spanOf(event)) ?? []), event.sequence_number as number]);
    }
    return found;
  };
  const begun = places([opening]);
  const ended = places(closing);
  return [...new Set([...begun.keys(), ...ended.keys()])].flatMap((span) => {
    const [begin, ...begins] = begun.get(span) ?? [];
    const [end, ...ends] = ended.get(span) ?? [];
    const isRight =
      begin !== undefined && end !== undefined && begins.length + ends.length === 0 && begin < end;
    return isRight ? [] : [`${opening} of ${span}: begins at ${begun.get(span)}, ends at ${ended.get(span)}`];
  });
}

/** Whether anything failed, by any of the alternatives. */
function mayFail(expected: Expected, feed: Feed): boolean {
  return alternativesOf(expected, feed).some(({ llm, runs, tools, mcp, guardrails }) => {
    const calls = llm === undefined ? [] : valuesOf(llm);
    return (
      calls.some(({ failed }) => failed > 0) ||
      JSON.stringify([runs, tools, mcp]).includes('"failed"') ||
      (guardrails ?? []).some(({ policy }) => policy === "block")
    );
  });
}

function failures({ events }: Observed): string[] {
  return events
    .filter(({ type }) => type.endsWith(".failed") || type === "agent.error")
    .map((event) => `nothing failed, yet there is ${event.type} of ${spanOf(event)}`);
}

function unfinished({ runs }: Observed): string[] {
  return runs.filter(({ status }) => status === undefined).map(({ id }) => `run ${id} never completed`);
}

/** Events of a run are numbered from 1 without a gap, in the order they arrive. */
function misnumbered({ events }: Observed): string[] {
  const ofRuns = new Map<unknown, WireRecord[]>();
  for (const event of events) ofRuns.set(event.run_id, [...(ofRuns.get(event.run_id) ?? []), event]);
  return [...ofRuns].flatMap(([id, ofRun]) => {
    const numbers = ofRun.map((event) => event.sequence_number);
    if (id === undefined) return [`events of no run: ${ofRun.map(({ type }) => type).join(", ")}`];
    return numbers.every((number, index) => number === index + 1)
      ? []
      : [`run ${id}: numbered ${numbers.join(", ")}`];
  });
}

const msOf = ([seconds, nanos]: HrTime): number => seconds * 1_000 + nanos / 1_000_000;

function bySpan(spans: readonly SpanLike[]): Map<string, SpanLike> {
  const known = new Map<string, SpanLike>();
  for (const span of spans) known.set(`${span.spanContext().traceId}/${span.spanContext().spanId}`, span);
  return known;
}

/** A run that failed may be rooted at an HTTP span; nothing else is told of one. */
function ofHttp({ events }: Observed, spans: readonly SpanLike[]): string[] {
  const known = bySpan(spans);
  return events
    .filter((event) => known.get(spanOf(event))?.attributes["http.request.method"] !== undefined)
    .filter(({ type }) => type !== "agent.error")
    .map((event) => `${event.type} of an HTTP span, ${spanOf(event)}`);
}

/** Events bear the time of their span's start or end. */
function mistimed({ events }: Observed, spans: readonly SpanLike[]): string[] {
  const known = bySpan(spans);
  return events.flatMap((event) => {
    const span = known.get(spanOf(event));
    if (span === undefined) return [];
    const time = Date.parse(String(event.timestamp));
    const isRight = [span.startTime, span.endTime].some((end) => Math.abs(msOf(end) - time) < 1);
    return isRight ? [] : [`${event.type} of ${spanOf(event)} at ${event.timestamp}`];
  });
}
