/** Two real copies of the OpenTelemetry API: the application's, which the SDK registers in, and one beside this package. */
import assert from "node:assert/strict";
import type * as StartApi from "../../../src/start/public.ts";
import { type Check, quick } from "./setting.ts";

const codesOf = (problems: readonly string[]): (string | undefined)[] =>
  problems.map((problem) => problem.split(":")[0]);

/** Ours is the newer one: it does not see what the older has registered. */
const hidden: Check = async ({ otel, library, load, told, sink }) => {
  const problems: string[] = [];
  const apie = new library.Apie(quick({ told }, problems));
  const processor = new library.ApieSpanProcessor(quick({ told }, problems));
  const provider = otel.provider({ spanProcessors: [processor, otel.exporting(sink.url)] });
  await otel.registered(provider, async () => {
    for (const nth of [1, 2]) assert.equal(await apie.withRun({}, () => nth), nth);
    assert.deepEqual(codesOf(problems), ["api_mismatch"]);
    assert.match(String(problems), /version 1\.9\.1.*npm ls @opentelemetry\/api.*npm dedupe/);
    const { runs, reasons } = await apie.flush();
    assert.deepEqual([runs.dropped, reasons], [2, { api_mismatch: 2 }]);

    const { startApie } = (await load("apie-otel/start")) as typeof StartApi;
    await assert.rejects(startApie({ ...quick({ told }), otlp: false }), { code: "api_mismatch" });

    // The processor needs no API of its own: what libraries write is translated all the same.
    const tracer = otel.api.trace.getTracer("library");
    tracer
      .startSpan("chat m", { attributes: { "gen_ai.operation.name": "chat", "gen_ai.request.model": "m" } })
      .end();
    const report = await processor.flush();
    assert.deepEqual([report.ok, report.runs.completed], [true, 1]);
  });
  await apie.shutdown();
  // Once the application has registered anything, a provider of the newer copy is refused.
  const { DiagConsoleLogger, DiagLogLevel, diag } = otel.api;
  diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.NONE);
  const { startApie } = (await load("apie-otel/start")) as typeof StartApi;
  await assert.rejects(startApie({ ...quick({ told }), otlp: false }), {
    code: "api_mismatch",
    message: /version 1\.9\.1 has registered something already/,
  });
  diag.disable();
  assert.deepEqual(codesOf(problems), ["api_mismatch"]);
};

/** Ours is the older one: it sees what the newer has registered, and all is well. */
const seen: Check = async ({ otel, library, told, sink }) => {
  const problems: string[] = [];
  const apie = new library.Apie(quick({ told }, problems));
  const provider = otel.provider({ spanProcessors: [apie.spanProcessor, otel.exporting(sink.url)] });
  await otel.registered(provider, async () => {
    await apie.withRun({}, () => apie.withTool({ tool: { name: "find" } }, () => 1));
    const { ok, runs } = await apie.flush();
    assert.deepEqual([ok, runs.completed], [true, 1]);
  });
  assert.deepEqual(problems, []);
  assert.equal(sink.span("execute_tool find").parentSpanId, sink.span("invoke_agent Support").spanId);
};

/** @param ours version of the copy beside this package. */
export const twoCopies = (ours: string): Readonly<Record<string, Check>> =>
  ours.startsWith("1.9.") ? { seen } : { hidden };
