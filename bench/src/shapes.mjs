/** The spans that are made: a model call of 12 attributes with two messages of half a kilobyte, and an HTTP request. */
import { context, ROOT_CONTEXT, SpanKind, trace } from "@opentelemetry/api";

const words =
  "the quick brown fox jumps over the lazy dog and asks the model what it thinks of the weather in Lisbon ";
const message = (role) =>
  JSON.stringify([{ role, parts: [{ type: "text", content: words.repeat(4).slice(0, 430) }] }]);
const INPUT = message("user");
const OUTPUT = message("assistant");

export const SPANS_PER_RUN = 64;

const atStart = {
  "gen_ai.operation.name": "chat",
  "gen_ai.provider.name": "openai",
  "gen_ai.request.model": "gpt-4o-mini",
  "gen_ai.request.temperature": 0.2,
  "gen_ai.request.max_tokens": 512,
  "gen_ai.input.messages": INPUT,
};

/** @param parent context of the run's root span, or ROOT_CONTEXT for a span that is a run of its own. */
export function llmSpan(tracer, parent) {
  const span = tracer.startSpan("chat gpt-4o-mini", { kind: SpanKind.CLIENT, attributes: atStart }, parent);
  span.setAttribute("gen_ai.response.model", "gpt-4o-mini-2024-07-18");
  span.setAttribute("gen_ai.response.id", "chatcmpl-0123456789");
  span.setAttribute("gen_ai.response.finish_reasons", ["stop"]);
  span.setAttribute("gen_ai.usage.input_tokens", 123);
  span.setAttribute("gen_ai.usage.output_tokens", 45);
  span.setAttribute("gen_ai.output.messages", OUTPUT);
  span.end();
}

export function startRun(tracer) {
  const root = tracer.startSpan(
    "invoke_agent bench",
    { attributes: { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "bench" } },
    ROOT_CONTEXT,
  );
  return { root, parent: trace.setSpan(context.active(), root) };
}

const httpAtStart = {
  "http.request.method": "POST",
  "url.path": "/chat",
  "url.scheme": "http",
  "server.address": "localhost",
  "server.port": 8080,
  "network.protocol.version": "1.1",
};

export function httpSpan(tracer) {
  const span = tracer.startSpan(
    "POST /chat",
    { kind: SpanKind.SERVER, attributes: httpAtStart },
    ROOT_CONTEXT,
  );
  span.setAttribute("http.route", "/chat");
  span.setAttribute("http.response.status_code", 200);
  span.end();
}
