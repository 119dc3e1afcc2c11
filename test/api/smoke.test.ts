import { expect, test } from "vitest";
import { setup } from "../support/client.ts";

test("one run reaches both destinations", async () => {
  const { server, apie, otel } = await setup();
  const result = await apie.withRun({ inputSummary: "do it" }, () =>
    apie.withTool({ tool: { name: "search" }, action: { type: "read", name: "search" } }, () => 42),
  );
  expect(result).toBe(42);
  const report = await apie.flush();
  expect(report).toMatchObject({
    ok: true,
    events: { delivered: 3, pending: 0 },
    runs: { opened: 1, completed: 1 },
  });
  expect(server.types).toEqual(["agent.action.requested", "agent.tool.called", "agent.action.completed"]);
  expect(otel.span("execute_tool search").parentSpanContext?.spanId).toBe(
    otel.span("invoke_agent Support").spanContext().spanId,
  );
});
