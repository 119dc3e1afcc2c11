/**
 * Checked by the compiler, not run: the public types take the code of the documentation as it is printed, and none of them
 * is `any`.
 */
import { NodeSDK } from "@opentelemetry/sdk-node";
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  type SpanExporter,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace-base";
import {
  Apie,
  type ApieConfigError,
  type ApieOptions,
  ApieSpanProcessor,
  type FlushReport,
  type QueueDiagnostics,
  type Run,
  recordAgentSpans,
  type Session,
  type SessionHandle,
} from "../../src/index.ts";

declare const apiKey: string;
declare const baseUrl: string;
declare const key: string;
declare const name: string;
declare const exporter: SpanExporter;
declare const yourSampler: Sampler;
declare const inputSummary: string;
declare const q: string;
declare function search(query: string): Promise<string[]>;

// ---- the processor in an SDK ---------------------------------------------------------------------------------------

export const sdk = new NodeSDK({
  spanProcessors: [
    new ApieSpanProcessor({ apiKey, agent: { key, name }, forwardTo: new BatchSpanProcessor(exporter) }),
  ],
  sampler: recordAgentSpans(yourSampler),
});

export const provider = new BasicTracerProvider({
  sampler: recordAgentSpans(new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0.01) })),
  spanProcessors: [new ApieSpanProcessor()],
});

/** A wrapped sampler is the same to the compiler. */
export const wrapped: AlwaysOnSampler = recordAgentSpans(new AlwaysOnSampler());

// ---- the API -------------------------------------------------------------------------------------------------------

export const apie = new Apie({ apiKey, baseUrl, agent: { key: "support", name: "Support" } });
export const processor: SpanProcessor = apie.spanProcessor;

export async function documented(): Promise<void> {
  const found: string[] = await apie.withSession({ kind: "pipeline", inputSummary }, async (session) =>
    apie.withRun({ sessionId: session.id, inputSummary }, async (run) => {
      const id: string | undefined = await run.apieId();
      run.setOutputSummary(`run ${id ?? run.id}`);
      return apie.withTool(
        {
          tool: { name: "search", provider: "zendesk" },
          action: { type: "read", name: "search" },
          resource: { type: "work_item" },
        },
        () => search(q),
      );
    }),
  );
  const answer: string = await apie.withLlmCall(
    { model: { provider: "openai", name: "gpt-4o" }, inputSummary },
    (call) => {
      call.setUsage({
        inputTokens: 1,
        outputTokens: 1,
        totalTokens: 2,
        cacheReadTokens: 0,
        cacheWriteTokens: 0,
        reasoningTokens: 0,
      });
      call.setResponse({ model: "gpt-4o", id: "1", finishReason: "stop", output: found });
      return "answer";
    },
  );
  const server = "files";
  await apie.withMcpCall({ server, tool: "read", stepName: "Read", payloadSummary: { a: 1 } }, () => answer);
  await apie.withMcpCall({ server, method: "tools/list" }, (call) => call.setTools(["read"]));
  await apie.withMcpToolCall({ server, tool: "read" }, () => answer);
  await apie.withWorkflowStep({ stepName: "Look" }, () => answer);
  await apie.withChildRun({ agentKey: "worker", role: "worker" }, (run: Run) => run.id);
  await apie.withHandoff({ target: { key: "refunds" }, reason: "refund" }, (run) => run.in(() => answer));

  const run: Run = apie.runs.start({ inputSummary });
  const open: boolean = apie.runs.complete(run, { status: "failed", error: new Error("no") });
  apie.runs.complete(run.id, { outputSummary: String(open), metadata: { a: 1 } });

  const handle: SessionHandle = await apie.sessions.start({ kind: "multi_agent" });
  const stored: SessionHandle = JSON.parse(JSON.stringify(handle)) as SessionHandle;
  const resumed: Promise<number> = apie.sessions.resume(stored, async () => 42);
  apie.sessions.complete(stored, { status: "cancelled", outputSummary: String(await resumed) });

  const greet: (who: string) => Promise<string> = apie.wrap((who: string) => `hello ${who}`, {
    inputSummary: (who) => `greet ${who}`,
  });
  await greet("Ada");

  const { handoffId } = apie.trackHandoffRequested({
    sourceRunId: run.id,
    reason: "refund",
    payloadSummary: {},
  });
  apie.trackHandoffAccepted({ handoffId });
  apie.trackHandoffCompleted({ handoffId, runId: run.id });
  apie.trackHandoffFailed({ handoffId, error: new Error("no") });
  const target = { action: { type: "read", name: "look" }, resource: { type: "work_item", externalId: "1" } };
  apie.trackToolCall({ tool: { name: "search" }, ...target });
  apie.trackActionRequested({ runId: run.id, ...target, riskLevel: "high" });
  apie.trackActionCompleted({ ...target, result: { a: 1 } });
  apie.trackActionFailed({ ...target, error: new Error("no") });
  apie.trackResourceTouched(target);
  apie.trackApprovalRequested({ approvalId: "1", ...target });
  apie.trackApprovalResolved({ approvalId: "1", status: "approved" });
  apie.track({ type: "custom.event", payload: { a: 1 }, runId: run.id });
  apie.captureError({ runId: run.id, error: new Error("no") });

  await apie.capabilities.declare([
    { tool: { name: "search" }, actions: ["read"], resources: ["work_item"] },
  ]);
  await apie.tools.define({ name: "search", inputSchema: { type: "object" } });
  const { agentId } = await apie.ready();
  const ids: (string | undefined)[] = [agentId, apie.agentId, apie.agentVersionId];
  await apie.identify();
  const { valid } = await apie.validateEvents([{ type: "own" }], { remote: valid0(ids) });
  await apie.sendTestEvent({ mode: valid ? "single" : "proof" });
  const headers: Record<string, string> = apie.propagation.headers(new URL(baseUrl));
  await fetch(baseUrl, { headers });
  const queue: QueueDiagnostics = apie.queueDiagnostics();
  const report: FlushReport = queue.queueSize > 0 ? await apie.flush() : await apie.shutdown();
  const created: Apie = await Apie.create({ onError: "silent" });
  await created.shutdown();
  console.log(report.events.delivered);
}

const valid0 = (ids: readonly unknown[]): boolean => ids.length > 0;

/** A stream keeps its type. */
export async function streamed(): Promise<string> {
  const generator: AsyncGenerator<string> = await apie.withRun({}, async function* () {
    yield "a";
  });
  for await (const piece of generator) return piece;
  const response: Response = await apie.withTool({ tool: { name: "t" } }, () => fetch(baseUrl));
  return response.text();
}

// ---- what is wrong is refused --------------------------------------------------------------------------------------

export function refused(): void {
  // @ts-expect-error a tool has a name
  void apie.withTool({ tool: {} }, () => 1);
  // @ts-expect-error a call has a callback
  void apie.withRun({});
  // @ts-expect-error the risk is one of four words
  void apie.withTool({ tool: { name: "t", riskLevel: "extreme" } }, () => 1);
  // @ts-expect-error a session is of one of three kinds
  void apie.withSession({ kind: "party" }, () => 1);
  // @ts-expect-error an approval is resolved one way or another
  apie.trackApprovalResolved({ approvalId: "1" });
  // @ts-expect-error options are known by name
  void new Apie({ apikey: "k" });
  // @ts-expect-error what a run holds is read only
  apie.runs.start().id = "mine";
}

// ---- nothing is any ------------------------------------------------------------------------------------------------

type IsAny<T> = 0 extends 1 & T ? true : false;
type Leaf = RegExp | URL | AbortSignal | Error | Date;

/** Paths at which a type is `any`, five levels deep. */
type AnyIn<T, Path extends string, Depth extends 0[] = []> =
  IsAny<T> extends true
    ? Path
    : Depth["length"] extends 5
      ? never
      : T extends Leaf
        ? never
        : T extends Promise<infer V>
          ? AnyIn<V, `${Path}.then`, [...Depth, 0]>
          : T extends readonly (infer Item)[]
            ? AnyIn<Item, `${Path}[]`, [...Depth, 0]>
            : T extends (...given: infer Given) => infer Result
              ? AnyIn<Given[number], `${Path}(…)`, [...Depth, 0]> | AnyIn<Result, `${Path}()`, [...Depth, 0]>
              : T extends object
                ? { [Name in keyof T & string]: AnyIn<T[Name], `${Path}.${Name}`, [...Depth, 0]> }[keyof T &
                    string]
                : never;

/** Does not compile where a path is left. */
type None<Path extends never> = Path;

export type NoAny = None<
  | AnyIn<Apie, "Apie">
  | AnyIn<ApieSpanProcessor, "ApieSpanProcessor">
  | AnyIn<ApieOptions, "ApieOptions">
  | AnyIn<Run, "Run">
  | AnyIn<Session, "Session">
  | AnyIn<SessionHandle, "SessionHandle">
  | AnyIn<FlushReport, "FlushReport">
  | AnyIn<QueueDiagnostics, "QueueDiagnostics">
  | AnyIn<ApieConfigError["issues"], "ApieConfigError.issues">
>;

/** The check itself finds what it looks for. */
// biome-ignore lint/suspicious/noExplicitAny: it is what is looked for
type Planted = { deep: { list: { any: any }[] } };
export const planted: AnyIn<Planted, "x"> = "x.deep.list[].any";
