/** Traces with their links, as they came over OTLP. */
import type { SpanRecord } from "apie-otel/local";
import type { Trace } from "./replay.ts";
import { counted, heading, styled } from "./terminal.ts";

/** What a person calls the span: HTTP spans are told apart by their path. */
function labelOf({ name, attributes }: SpanRecord): string {
  const path = attributes["url.path"] ?? attributes["http.target"];
  return typeof path === "string" ? `${name} ${path}` : name;
}

export function traceList(traces: readonly Trace[]): string {
  const byId = new Map(traces.map((trace) => [trace.id, trace]));
  const lines = traces.flatMap(({ id, root, spans }) => [
    `${styled("yellow", id)}  ${labelOf(root)}  (${counted(spans.length, "span")})`,
    ...spans.flatMap((span) =>
      span.links.map((link) => {
        const target = byId.get(link.trace_id);
        const from = span === root ? "" : `  (from ${labelOf(span)})`;
        const what = `  ${link.attributes["agent.link.type"] ?? "link"} →`.padStart(32);
        const where = `${link.trace_id}  ${target === undefined ? "" : labelOf(target.root)}${from}`;
        return styled("dim", `${what}  ${where.trimEnd()}`);
      }),
    ),
  ]);
  const spans = traces.reduce((sum, trace) => sum + trace.spans.length, 0);
  const total = `${counted(traces.length, "trace")}, ${counted(spans, "span")}`;
  return `${heading("Traces, as received over OTLP", total)}\n${lines.map((line) => `  ${line}`).join("\n")}\n`;
}
