/** The same work on every run: ids, times and errors are given, so that what is exported of it is the same, byte for byte. */
import { type Context, context, SpanKind, SpanStatusCode, type Tracer, trace } from "@opentelemetry/api";
import type { IdGenerator } from "@opentelemetry/sdk-trace-base";

/** Counts instead of throwing dice. */
export function countingIds(): IdGenerator {
  let count = 0;
  const next = (length: number): string => {
    count += 1;
    return count.toString(16).padStart(length, "0");
  };
  return { generateTraceId: () => next(32), generateSpanId: () => next(16) };
}

const at = (ms: number): number => 1_700_000_000_000 + ms;
const FAILURE = Object.assign(new RangeError("no such order"), {
  stack: "RangeError: no such order\n    at shop",
});

/** A request of a service that calls an agent of the GenAI convention and one of the AI SDK, with all that spans can hold. */
export function work(tracer: Tracer): void {
  const inside = (parent: Context, span: ReturnType<Tracer["startSpan"]>) => trace.setSpan(parent, span);
  const request = tracer.startSpan("GET /chat", {
    kind: SpanKind.SERVER,
    startTime: at(0),
    attributes: { "http.request.method": "GET", "url.path": "/chat", tags: ["a", "b"], ratio: 0.5 },
  });
  const inRequest = inside(context.active(), request);

  const agent = tracer.startSpan(
    "invoke_agent Desk",
    {
      startTime: at(1),
      attributes: { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "Desk" },
    },
    inRequest,
  );
  const inAgent = inside(inRequest, agent);
  const chat = tracer.startSpan(
    "chat m",
    {
      kind: SpanKind.CLIENT,
      startTime: at(2),
      attributes: {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "m",
      },
      links: [{ context: request.spanContext(), attributes: { why: "test" } }],
    },
    inAgent,
  );
  chat.addEvent("gen_ai.content.prompt", { "gen_ai.prompt": "Where is order 1042?" }, at(3));
  chat.setAttributes({ "gen_ai.usage.input_tokens": 12, "gen_ai.usage.output_tokens": 3 });
  chat.setAttribute(
    "gen_ai.input.messages",
    '[{"role":"user","parts":[{"type":"text","content":"Where?"}]}]',
  );
  chat.end(at(4));
  const tool = tracer.startSpan(
    "execute_tool find_order",
    {
      startTime: at(5),
      attributes: { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "find_order" },
    },
    inAgent,
  );
  tool.recordException(FAILURE, at(6));
  tool.setStatus({ code: SpanStatusCode.ERROR, message: "no such order" });
  tool.updateName("execute_tool find_order (failed)");
  tool.end(at(7));
  agent.end(at(8));

  const generate = tracer.startSpan(
    "ai.generateText",
    {
      startTime: at(9),
      attributes: { "ai.operationId": "ai.generateText", "ai.prompt": '{"prompt":"secret"}' },
    },
    inRequest,
  );
  tracer
    .startSpan(
      "ai.generateText.doGenerate",
      {
        startTime: at(10),
        attributes: {
          "ai.operationId": "ai.generateText.doGenerate",
          "ai.model.id": "m",
          "ai.model.provider": "openai",
        },
      },
      inside(inRequest, generate),
    )
    .end(at(11));
  generate.end(at(12));
  tracer.startSpan("left open", { startTime: at(13) }, inRequest);
  request.end(at(14));
}
