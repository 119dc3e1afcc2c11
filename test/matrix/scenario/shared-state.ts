/** Both builds of the package in one process. */
import assert from "node:assert/strict";
import type * as Library from "../../../src/index.ts";
import { type Check, idGiven, quick } from "./setting.ts";

export function sharedState(other: typeof Library): Check {
  return async ({ otel, library, told, sink }) => {
    assert.notEqual(other.Apie, library.Apie);
    const processor = new library.ApieSpanProcessor(quick({ told }));
    const apie = new other.Apie(quick({ told }, [], { agent: { key: "support", name: "Support" } }));
    const mine = new library.Apie(quick({ told }));
    const provider = otel.provider({ spanProcessors: [processor, otel.exporting(sink.url)] });
    await otel.registered(provider, async () => {
      await apie.withRun({}, (run) => mine.withTool({ tool: { name: "find" } }, () => assert.ok(run.id)));
      const { runs, events } = await processor.flush();
      assert.deepEqual([runs.completed, events.delivered], [1, 3]);
    });
    await Promise.all([apie.shutdown(), mine.shutdown()]);
    const tool = sink.span("execute_tool find");
    assert.equal(tool.parentSpanId, sink.span("invoke_agent Support").spanId);
    assert.equal(told.to("/v1/runs").length, 1);
    const id = idGiven(told.to("/v1/runs")[0]);
    for (const event of told.events) assert.equal(event.run_id, id);
  };
}
