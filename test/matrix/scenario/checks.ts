/** What holds on every line of the SDK, on every Node, in every form of module. */
import assert from "node:assert/strict";
import type * as StartApi from "../../../src/start/public.ts";
import { freezing } from "../../promises/freezing.ts";
import { countingIds, work } from "../../promises/work.ts";
import type { RecordingApie } from "../../support/recording-apie.ts";
import { OtlpSink, type SunkSpan } from "./otlp-sink.ts";
import { type Check, idGiven, quick } from "./setting.ts";

const linksOf = ({ links = [] }: SunkSpan): string[] =>
  links
    .map(({ spanId, attributes }) => {
      const type = attributes.find(({ key }) => key === "agent.link.type")?.value.stringValue;
      return `${type} ${spanId}`;
    })
    .toSorted();

/** Paths and types of what Apie was told, in order. */
const eventsOf = (told: RecordingApie): string[] => told.types.map((type) => type.replace("agent.", ""));
const openings = (told: RecordingApie): string[] =>
  told.requests.map(({ path }) => path).filter((path) => /\/(runs|sessions)$/.test(path));

const TOOL = ["action.requested", "tool.called", "action.completed"];
const MODEL = ["llm.called", "llm.completed"];

/** Sessions, runs and child runs of the API, tied by links; a library's spans fold into the run they are in. */
const runs: Check = async ({ otel, library, told, sink }) => {
  const problems: string[] = [];
  const apie = new library.Apie(quick({ told }, problems));
  const provider = otel.provider({ spanProcessors: [apie.spanProcessor, otel.exporting(sink.url)] });
  const tracer = otel.api.trace.getTracer("library");
  await otel.registered(provider, async () => {
    await tracer.startActiveSpan("request", async (request) => {
      const value = await apie.withSession({}, () =>
        apie.withRun({}, async () => {
          const call = tracer.startSpan("chat m", {
            attributes: { "gen_ai.operation.name": "chat", "gen_ai.request.model": "m" },
          });
          call.setAttributes({ "gen_ai.usage.input_tokens": 3, "gen_ai.usage.output_tokens": 1 });
          call.end();
          await apie.withChildRun({ agentKey: "helper", agentName: "Helper" }, () => null);
          return apie.withTool({ tool: { name: "find" } }, () => 42);
        }),
      );
      assert.equal(value, 42);
      request.end();
    });
    const report = await apie.flush();
    assert.deepEqual(
      {
        ok: report.ok,
        runs: report.runs.completed,
        sessions: report.sessions.completed,
        reasons: report.reasons,
      },
      { ok: true, runs: 2, sessions: 1, reasons: {} },
    );
  });
  assert.deepEqual(problems, []);
  const [session = "", run = "", child] = openings(told);
  assert.equal(session, "/v1/sessions");
  assert.match(run, /^\/v1\/sessions\/[^/]+\/runs$/);
  assert.equal(child, run);
  const childBody = told.to(run)[1]?.body as { parent_run_id?: string } | undefined;
  assert.equal(childBody?.parent_run_id, idGiven(told.to(run)[0]));
  assert.deepEqual(eventsOf(told).toSorted(), [...MODEL, ...TOOL].toSorted());

  const request = sink.span("request");
  const opened = sink.span("session single_agent");
  const ours = sink.span("invoke_agent Support");
  assert.deepEqual(linksOf(opened), [`caused_by ${request.spanId}`]);
  assert.ok(linksOf(ours).includes(`session ${opened.spanId}`));
  assert.ok(linksOf(sink.span("invoke_agent Helper")).includes(`parent_run ${ours.spanId}`));
  for (const name of ["chat m", "execute_tool find"]) assert.equal(sink.span(name).parentSpanId, ours.spanId);
  assert.equal(new Set([request, opened, ours].map(({ traceId }) => traceId)).size, 3);
  assert.equal(ours.scope, "apie-otel");
};

/** The processor alone translates what a library writes, also where it says what a span is only after its start. */
const libraries: Check = async ({ otel, library, told, sink }) => {
  const problems: string[] = [];
  const processor = new library.ApieSpanProcessor(quick({ told }, problems));
  const provider = otel.provider({ spanProcessors: [otel.exporting(sink.url), processor] });
  await otel.registered(provider, async () => {
    const tracer = otel.api.trace.getTracer("library");
    await tracer.startActiveSpan("desk", async (agent) => {
      agent.setAttributes({ "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "Desk" });
      await new Promise((resolve) => setImmediate(resolve));
      tracer.startActiveSpan("ask", (call) => {
        call.setAttributes({ "gen_ai.operation.name": "chat", "gen_ai.request.model": "m" });
        call.end();
      });
      agent.end();
    });
    const report = await processor.flush();
    assert.deepEqual({ ok: report.ok, runs: report.runs.completed }, { ok: true, runs: 1 });
  });
  assert.deepEqual(problems, []);
  assert.deepEqual(eventsOf(told), MODEL);
  assert.deepEqual(openings(told), ["/v1/runs"]);
  assert.equal(sink.span("ask").parentSpanId, sink.span("desk").spanId);
};

/** What is exported of spans that are not ours is the same with and without us, before and behind the exporter. */
const nonInterference: Check = async ({ otel, library, told }) => {
  const exported = async (around: (exporting: unknown) => unknown[]): Promise<string[]> => {
    const sink = await OtlpSink.start();
    const spanProcessors = around(otel.exporting(sink.url));
    const provider = otel.provider({ idGenerator: countingIds(), spanProcessors });
    work(provider.getTracer("library", "1.0.0"));
    await provider.forceFlush();
    await provider.shutdown();
    await sink.close();
    return sink.bodies;
  };
  const ours = () => new library.ApieSpanProcessor(quick({ told }));
  const without = await exported((exporting) => [exporting]);
  assert.match(without.join(), /invoke_agent Desk/);
  assert.deepEqual(await exported((exporting) => [ours(), exporting]), without);
  assert.deepEqual(await exported((exporting) => [exporting, ours()]), without);
  const around = (forwardTo: unknown) =>
    new library.ApieSpanProcessor(quick({ told }, [], { forwardTo: forwardTo as never }));
  assert.deepEqual(await exported((exporting) => [around(exporting)]), without);
  assert.deepEqual(await exported((exporting) => [freezing, ours(), exporting]), without);
  assert.ok(eventsOf(told).includes("llm.completed"));
};

/** Under a sampler that drops everything: with the wrapper all runs are at Apie and nothing is exported; without, it is said. */
const sampling: Check = async ({ otel, library, told, sink }) => {
  const drops = otel.parentBased(otel.off());
  const play = async (sampler: object): Promise<{ problems: string[]; runs: object }> => {
    const problems: string[] = [];
    const apie = new library.Apie(quick({ told }, problems));
    const spanProcessors = [apie.spanProcessor, otel.exporting(sink.url)];
    return otel.registered(otel.provider({ spanProcessors, sampler }), async () => {
      await otel.api.trace.getTracer("http").startActiveSpan("POST", { kind: 1 }, async (request) => {
        await apie.withRun({}, async (run) => {
          assert.match(run.traceparent ?? "", /-00$/);
          await apie.withTool({ tool: { name: "find" } }, () => 1);
        });
        request.end();
      });
      const { runs } = await apie.flush();
      return { problems, runs };
    });
  };
  const wrapped = await play(
    library.recordAgentSpans(drops as Parameters<typeof library.recordAgentSpans>[0]),
  );
  assert.deepEqual(wrapped.problems, []);
  assert.deepEqual(eventsOf(told), TOOL);
  const bare = await play(drops);
  assert.deepEqual(
    bare.problems.map((problem) => problem.split(":")[0]),
    ["not_sampled"],
  );
  assert.deepEqual(bare.runs, { opened: 0, completed: 0, rejected: 0, dropped: 1, pending: 0 });

  // The processor alone sees it by the provider's sampler.
  const problems: string[] = [];
  const processor = new library.ApieSpanProcessor(quick({ told }, problems));
  await otel.registered(otel.provider({ spanProcessors: [processor], sampler: drops }), () =>
    processor.forceFlush(),
  );
  assert.deepEqual(
    problems.map((problem) => problem.split(":")[0]),
    ["not_sampled"],
  );
  assert.deepEqual(openings(told), ["/v1/runs"]);
  assert.deepEqual(sink.bodies, []);
};

/** The provider may be registered before the client is made, after, or not be the first that is registered. */
const registration: Check = async ({ otel, library, told, sink }) => {
  const problems: string[] = [];
  const apie = new library.Apie(quick({ told }, problems));
  const before = await apie.withRun({}, () => "runs all the same");
  assert.equal(before, "runs all the same");
  const exporting = otel.exporting(sink.url);
  const late = new library.ApieSpanProcessor(quick({ told }, problems));
  await otel.registered(otel.provider({ spanProcessors: [apie.spanProcessor, exporting] }), async () => {
    await apie.withRun({}, () => apie.withTool({ tool: { name: "find" } }, () => 1));
    const second = otel.provider({ spanProcessors: [late] });
    assert.equal(otel.api.trace.setGlobalTracerProvider(second), false);
    await apie.withRun({}, () => 1);
    await second.shutdown();
    const { runs, reasons } = await apie.flush();
    assert.deepEqual([runs.completed, runs.dropped, reasons], [2, 1, { provider_missing: 1 }]);
  });
  assert.deepEqual(
    problems.map((problem) => problem.split(":")[0]),
    ["provider_missing", "processor_missing"],
  );
  assert.equal(openings(told).length, 2);
};

/** `startApie` sets SDK 2.x and 3.x up, and says of 1.x what to do instead. */
const start: Check = async ({ otel, load, told, sink }) => {
  const { startApie } = (await load("apie-otel/start")) as typeof StartApi;
  const starting = startApie({ ...quick({ told }), otlp: { url: sink.url } });
  if (otel.line === 1) {
    await assert.rejects(starting, { code: "unknown_sdk", message: /older than 2\.0.*ApieSpanProcessor/ });
    return;
  }
  const { apie, shutdown } = await starting;
  try {
    await apie.withRun({}, () => apie.withTool({ tool: { name: "find" } }, () => 1));
    const report = await shutdown();
    assert.deepEqual({ ok: report.ok, runs: report.runs.completed }, { ok: true, runs: 1 });
  } finally {
    for (const global of [otel.api.trace, otel.api.context, otel.api.propagation]) global.disable();
  }
  assert.deepEqual(eventsOf(told), TOOL);
  assert.equal(sink.span("execute_tool find").parentSpanId, sink.span("invoke_agent Support").spanId);
};

/** Spans of an older shape, or put together by hand with members missing, cost themselves and nobody else. */
const oldShapes: Check = async ({ otel, library, told }) => {
  const problems: string[] = [];
  const processor = new library.ApieSpanProcessor(quick({ told }, problems));
  const traceId = "3".repeat(32);
  const attributes = { "gen_ai.operation.name": "chat", "gen_ai.request.model": "m" };
  const byHand = { name: "chat", spanContext: () => ({ traceId, spanId: "4".repeat(16) }), attributes };
  const damaged: unknown[] = [{}, null, { name: "x" }, byHand, { ...byHand, spanContext: undefined }];
  await otel.registered(otel.provider({ spanProcessors: [processor] }), async () => {
    for (const span of damaged) {
      processor.onStart(span as never, otel.api.ROOT_CONTEXT);
      processor.onEnd(span as never);
    }
    const tracer = otel.api.trace.getTracer("library");
    tracer.startSpan("chat", { attributes }).end();
    const { ok, events } = await processor.flush();
    assert.equal(ok, true);
    assert.equal(events.rejected + events.pending, 0);
  });
  assert.ok(eventsOf(told).filter((type) => type === "llm.completed").length >= 1);
};

export const CHECKS: Readonly<Record<string, Check>> = {
  runs,
  libraries,
  nonInterference,
  sampling,
  registration,
  start,
  oldShapes,
};
