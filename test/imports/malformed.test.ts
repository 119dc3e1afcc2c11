/** Documents that are not imported, and what is not wrong with others. */
import { expect, test } from "vitest";
import { ApieImportError, agnoRuns } from "../../src/imports/index.ts";
import { fixture, type Json, ofOperation } from "./support.ts";

const whole = () => fixture("agno/agent-run-tools");

function issuesOf(document: unknown): unknown {
  try {
    agnoRuns(document);
  } catch (error) {
    if (error instanceof ApieImportError)
      return error.issues.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  return [];
}

test.each<[string, unknown, string[]]>([
  ["nothing", null, [": expected a run, an object"]],
  ["text", "run", [": expected a run, an object"]],
  ["no run", {}, ["/run_id: expected the run's id, as text"]],
  ["a run without id", [{ run_id: "", created_at: 1 }], ["/0/run_id: expected the run's id"]],
  [
    "a run without a time",
    { run_id: "r" },
    ["/created_at: expected a time: neither the run nor its events or messages say one"],
  ],
  [
    "no time",
    { run_id: "r", created_at: "soon" },
    ["/created_at: expected a time: seconds since the epoch, or ISO 8601"],
  ],
  ["messages that are no list", { run_id: "r", created_at: 1, messages: {} }, ["/messages: expected a list"]],
  [
    "a member that is no run",
    { run_id: "r", created_at: 1, member_responses: [{ run_id: 7 }] },
    ["/member_responses/0/run_id: expected the run's id, as text"],
  ],
  [
    "an event without a name",
    { run_id: "r", created_at: 1, events: [{ event: 3 }] },
    ["/events/0/event: expected the event's name, as text"],
  ],
  [
    "a stream of nobody",
    [{ event: "RunStarted", created_at: 1 }],
    ["/0/run_id: no event of the stream names its run"],
  ],
])("%s is refused, with place and reason", (_what, document, issues) => {
  expect(issuesOf(document)).toEqual(issues);
});

test("one bad run of many refuses all of them, before any span is made", () => {
  const runs = [
    whole(),
    { ...whole(), run_id: "other", tools: [{ tool_call_id: 5 }] },
    { ...whole(), status: 1 },
  ];
  expect(issuesOf(runs)).toEqual(["/1/tools/0/tool_call_id: expected text", "/2/status: expected text"]);
  expect(() => agnoRuns(runs)).toThrow(/no document of Agno that can be imported:\n {2}\/1\/tools\/0/);
});

test("runs within runs within runs end somewhere", () => {
  let run: Json = { run_id: "r", created_at: 1 };
  for (let depth = 0; depth < 100; depth += 1)
    run = { run_id: `r${depth}`, created_at: 1, member_responses: [run] };
  expect(String(issuesOf(run))).toContain("nested deeper than 64");
});

test("fields and events of later versions are kept", () => {
  const document: Json = whole();
  document.queue_attempt = 2;
  (document.events as Json[]).push({
    event: "SomethingNew",
    created_at: 1_772_442_020,
    run_id: document.run_id,
    more: [1],
  });
  const spans = [...agnoRuns(document)];
  expect(ofOperation(spans, "event").map(({ name }) => name)).toEqual(["event agno.SomethingNew"]);
});
