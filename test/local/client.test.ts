/** A session as text, whatever its data says. */
import { expect, it } from "vitest";
import { type EventRecord, LocalReader, type RunRecord, renderTimeline } from "../../src/local/index.ts";
import { startApie } from "./support.ts";

const run = (id: string, more: Partial<RunRecord> = {}): RunRecord => ({
  id,
  session_id: null,
  parent_run_id: null,
  agent_key: id,
  role: null,
  step_name: null,
  status: "completed",
  input_summary: null,
  metadata: null,
  completion_metadata: null,
  trace_id: null,
  span_id: null,
  ...more,
});

const event = (run_id: string, more: Partial<EventRecord> = {}): EventRecord => ({
  event_id: "e",
  seq: 1,
  type: "custom.event",
  run_id,
  session_id: null,
  agent_key: "a",
  timestamp: "2026-01-01T00:00:00.000Z",
  ...more,
});

it("a run that is its own parent, or parents in a circle, have an end", () => {
  const runs = [
    run("self", { parent_run_id: "self" }),
    run("one", { parent_run_id: "two" }),
    run("two", { parent_run_id: "one" }),
    run("named", { metadata: { run_id: "x", parent_run: "x" } }),
  ];
  const text = renderTimeline({ session: undefined, runs, events: [] });
  for (const { id } of runs) expect(text).toContain(id);
});

it("no text of an agent makes a line, a colour or a title of its own", () => {
  const hostile = "a\nb\r\u001b[2J\u001b]0;t\u0007\u009b31m\u202etxt\u2028z";
  const text = renderTimeline({
    session: undefined,
    runs: [
      run("r", {
        agent_key: hostile,
        input_summary: hostile,
        step_name: hostile,
        metadata: { agent_name: hostile },
      }),
    ],
    events: [
      event("r", {
        type: `agent.${hostile}`,
        step_name: hostile,
        tool: { name: hostile },
        error: { message: hostile },
        metadata: { reason: hostile, outcome: hostile },
        payload_summary: { model: hostile, finish_reason: hostile },
      }),
    ],
  });
  expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\u2028\u202e]/u);
  // Title with the empty line before and the one after it, run, event, end.
  expect(text.trim().split("\n")).toHaveLength(5);
});

it("a hundred thousand events, and times that are none, are no trouble", () => {
  const events = Array.from({ length: 100_000 }, (_, index) =>
    event("r", { timestamp: index === 5 ? "yesterday" : new Date(index).toISOString() }),
  );
  const text = renderTimeline({ session: undefined, runs: [run("r")], events });
  expect(text.split("\n").length).toBeGreaterThan(100_000);
  expect(text).toContain("+99.999 s");
});

it("the reader tells an id that is not known from a server that is none", async () => {
  const apie = await startApie({ key: "k" });
  const reader = new LocalReader(`${apie.url}/`, "k");
  await expect(reader.session("../runs")).rejects.toMatchObject({ code: "not_found" });
  await expect(reader.get("/nothing")).rejects.toMatchObject({ name: "ApieError", status: 404 });
  await expect(new LocalReader(apie.url).sessions()).rejects.toMatchObject({ code: "http_401" });
  expect(await reader.spansOf("a".repeat(32))).toEqual([]);
  expect(await reader.newestSession()).toBeUndefined();
});
