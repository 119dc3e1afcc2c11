/** A second service: takes a call with its headers, and does its part of the work. */
import { context, propagation, trace } from "@opentelemetry/api";
import { Apie } from "../../../src/index.ts";
import { startOtel } from "../../support/otel.ts";
import { inputOfChild } from "./child.ts";

const { url, headers } = inputOfChild<{ url: string; headers: Record<string, string> }>();
const apie = new Apie({
  apiKey: "apie_sk_test_key",
  baseUrl: url,
  agent: { key: "worker", name: "Worker" },
  baggage: { read: true },
});
const otel = startOtel({ processors: [apie.spanProcessor] });
const request = trace
  .getTracer("http")
  .startSpan("POST /work", {}, propagation.extract(context.active(), headers));
await context.with(trace.setSpan(propagation.extract(context.active(), headers), request), () =>
  apie.withRun({ inputSummary: "My part" }, () => apie.track({ type: "in.worker" })),
);
request.end();
const report = await apie.flush();
const run = otel.span("invoke_agent Worker");
const { traceId, spanId } = request.spanContext();
console.log(
  JSON.stringify({
    report,
    parent: run.attributes["agent.run.parent.id"],
    session: run.attributes["agent.session.id"],
    links: run.links.map((link) => [link.attributes?.["agent.link.type"], link.context.traceId]),
    request: { traceId, spanId },
  }),
);
await apie.shutdown();
await otel.close();
