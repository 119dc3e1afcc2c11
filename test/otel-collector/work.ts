/** Everything our API writes, and everything a span can hold. */
import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, type Tracer, trace } from "@opentelemetry/api";
import { TraceState } from "@opentelemetry/core";
import type { IdGenerator } from "@opentelemetry/sdk-trace-base";
import type { Apie } from "../../src/index.ts";

const MODEL = { provider: "openai", name: "gpt-4o" };
const READ = { type: "read", name: "read_order" } as const;
const ORDER = { type: "work_item", externalId: "O-1 😀" } as const;

/** Sessions, runs, child runs, hand-offs, steps, model calls, tools, MCP, approvals, errors. */
export async function useEveryCall(apie: Apie): Promise<void> {
  await apie.withSession({ kind: "multi_agent", inputSummary: "Refund O-1 \u0000 😀" }, () =>
    apie.withRun({ inputSummary: "Refund", metadata: { depth: { of: ["json", 1, null] } } }, async () => {
      await apie.withWorkflowStep({ stepName: "Look", stepIndex: 1 }, async () => {
        await apie.withTool(
          { tool: { name: "find", provider: "shop" }, action: READ, resource: ORDER },
          () => 1,
        );
        await apie.withLlmCall({ model: MODEL }, (call) => {
          call.setUsage({ inputTokens: 9_007_199_254_740_991, outputTokens: 3, cacheReadTokens: 1 });
          call.setResponse({ model: "gpt-4o-2024", id: "r-1", finishReason: "stop", cost: { amount: 0.25 } });
        });
        await apie.withMcpCall({ server: "files", tool: "read", method: "tools/call" }, () => ({
          content: [],
        }));
        await apie.withMcpToolCall({ server: "files", tool: "write" }, () => 2);
      });
      await apie.withChildRun({ agentKey: "worker", agentName: "Worker", role: "worker" }, () =>
        apie.withLlmCall({ model: MODEL }, () => 3),
      );
      await apie.withHandoff({ target: { key: "refunds", name: "Refunds" }, reason: "refund" }, () => 4);
      apie.trackResourceTouched({ resource: ORDER, action: READ });
      apie.trackApprovalRequested({
        approvalId: "a-1",
        action: READ,
        resource: ORDER,
        reason: "needs a look",
      });
      apie.trackApprovalResolved({ approvalId: "a-1", action: READ, resource: ORDER, status: "approved" });
      apie.track({ type: "invoice.sent", payload: { amount: 1.5 } });
      apie.captureError({ error: new RangeError("out of stock") });
      await apie
        .withTool({ tool: { name: "break" } }, () => {
          throw new TypeError("broken 😀");
        })
        .catch(() => undefined);
    }),
  );
  await apie.withRun({}, async () => {
    await apie.withGuard({ action: READ, resource: ORDER }, () => 6);
    apie.trackActionRequested({ action: READ, resource: ORDER });
    apie.trackActionCompleted({ action: READ, resource: ORDER });
  });
  await useOddValues(apie);
  const handle = await apie.sessions.start({ kind: "single_agent" });
  await apie.sessions.resume(handle, () => apie.withRun({}, () => 5));
  apie.sessions.complete(handle);
}

/** What one span says must not make a backend refuse the batch it is in. */
async function useOddValues(apie: Apie): Promise<void> {
  const half = "\ud83d";
  await apie.withRun(
    { inputSummary: `half ${half}`, metadata: { [half]: half, huge: 1e300, nan: Number.NaN } },
    () =>
      apie.withLlmCall({ model: { provider: half, name: half } }, (call) => {
        call.setUsage({ inputTokens: 1e300, outputTokens: -1, totalTokens: Number.NaN });
        call.setResponse({ cost: { amount: 1e300 }, output: half, id: half });
      }),
  );
}

/** A run in a request, in a trace of its own: each leads to the other. */
export async function useRunInRequest(apie: Apie, tracer: Tracer): Promise<void> {
  await tracer.startActiveSpan("GET /refund", { kind: SpanKind.SERVER, root: true }, async (request) => {
    await apie.withRun({}, () => 7);
    request.end();
  });
}

/** Values at the edges of their types, in every place a span has for them. */
export function useEveryField(tracer: Tracer): void {
  const attributes = {
    text: "plain",
    emoji: "😀 👩‍👩‍👧",
    nul: "a\u0000b",
    empty: "",
    long: "x".repeat(70_000),
    yes: true,
    no: false,
    zero: 0,
    greatest: Number.MAX_SAFE_INTEGER,
    least: Number.MIN_SAFE_INTEGER,
    half: 0.5,
    tiny: 5e-324,
    large: 1e15 + 0.5,
    texts: ["a", "", "😀"],
    numbers: [1, 2, 3],
    fractions: [0.1, 1.5],
    flags: [true, false],
    none: [],
  };
  const caller = {
    traceId: "80000000000000000000000000000001",
    spanId: "8000000000000001",
    traceFlags: 1,
    isRemote: true,
    traceState: new TraceState("a=1,b=2"),
  };
  const request = tracer.startSpan(
    "GET /refund 😀",
    {
      kind: SpanKind.SERVER,
      attributes,
      links: [
        { context: caller, attributes },
        { context: { traceId: "f".repeat(32), spanId: "f".repeat(16), traceFlags: 0 } },
      ],
    },
    trace.setSpanContext(ROOT_CONTEXT, caller),
  );
  request.addEvent("seen", attributes);
  request.addEvent("bare");
  request.recordException(new RangeError("no such order 😀"));
  request.setStatus({ code: SpanStatusCode.ERROR, message: "no such order \u0000" });
  const inside = trace.setSpan(context.active(), request);
  for (const kind of [SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER, SpanKind.INTERNAL])
    tracer.startSpan(`kind ${kind}`, { kind }, inside).end();
  const fine = tracer.startSpan("fine", { startTime: [1_700_000_000, 123_456_789] }, inside);
  fine.setStatus({ code: SpanStatusCode.OK });
  fine.end([1_700_000_000, 123_456_790]);
  request.end();
}

/** Ids as finished runs of elsewhere bring them along: made of names, high bits set, nearly nothing. */
export function importedIds(): IdGenerator {
  const traces = [
    "0000000000000000000000000000000a",
    "ffffffffffffffffffffffffffffffff",
    "80000000000000000000000000000000",
  ];
  const spans = [
    "000000000000000b",
    "ffffffffffffffff",
    "8000000000000000",
    "7fffffffffffffff",
    "0102030405060708",
  ];
  const next = (given: string[], length: number) => () =>
    given.shift() ?? crypto.getRandomValues(Buffer.alloc(length)).toString("hex");
  return { generateTraceId: next(traces, 16), generateSpanId: next(spans, 8) };
}
