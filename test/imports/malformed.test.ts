/** Documents that are not imported, and what is not wrong with others. */
import { expect, test } from "vitest";
import { ApieImportError, agDevRun, agnoRuns, rebuild } from "../../src/imports/index.ts";
import { fixture, type Json, ofOperation } from "./support.ts";

const whole = () => fixture("agno/agent-run-tools");

function issuesOf(document: unknown, read: (document: unknown) => unknown = agnoRuns): unknown {
  try {
    read(document);
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
  ...[1_772_442_004_000, 1e308, "+275760-09-13T00:00:00.000Z"].map(
    (created_at): [string, unknown, string[]] => [
      `the time ${created_at}, in milliseconds or beyond all calendars`,
      { run_id: "r", created_at: 1, messages: [{ role: "user", created_at }] },
      ["/messages/0/created_at: expected a time: seconds since the epoch, or ISO 8601"],
    ],
  ),
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

test.each([1e300, 1e12, -1])("a duration of %d seconds is none", (duration) => {
  const document: Json = whole();
  document.metrics = { ...(document.metrics as Json), duration };
  for (const message of document.messages as Json[]) message.metrics = { duration };
  for (const { startTime, endTime } of agnoRuns(document)) {
    expect(endTime[0]).toBeGreaterThanOrEqual(startTime[0]);
    expect(endTime[0]).toBeLessThan(startTime[0] + 60);
  }
});

test.each<[string, (value: unknown) => unknown, (document: unknown) => unknown, string]>([
  [
    "arguments of a tool",
    (tool_args) => ({ run_id: "r", created_at: 1, tools: [{ tool_call_id: "t", tool_args }] }),
    agnoRuns,
    "/tools/0/tool_args",
  ],
  ["what is not known", (more) => [{ run_id: "r", created_at: 1, more }], agnoRuns, "/0/more"],
  [
    "an event",
    (tool) => [{ event: "RunStarted", created_at: 1, run_id: "r", data: tool }],
    agnoRuns,
    "/0/data",
  ],
  [
    "input of ag.dev",
    (input) => ({ run: { id: "r", status: "done", createdAt: "2026-01-01T00:00:00Z", input } }),
    agDevRun,
    "/run/input",
  ],
])(
  "%s nested without end is refused before any span is made, and some depth is not",
  (_what, around, read, path) => {
    const nested = (depth: number): unknown => JSON.parse(`${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`);
    for (const depth of [600, 100_000]) {
      const [issue, ...more] = issuesOf(around(nested(depth)), read) as string[];
      expect(issue).toMatch(new RegExp(`^${path}(/a)+/…: nested deeper than 500 levels$`));
      expect(more).toEqual([]);
    }
    expect([...(read(around(nested(400))) as Iterable<unknown>)].length).toBeGreaterThan(0);
  },
);

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

const done = () =>
  fixture<Json & { run: Json; events: { data: Json[] }; revision: Json }>("agdev/run-document-done");
const changed = (change: (bundle: ReturnType<typeof done>) => unknown): Json => {
  const bundle = done();
  change(bundle);
  return bundle;
};
const RUN = { id: "r", agentId: "a", status: "done", createdAt: "2026-02-17T11:05:00Z" };
const LIST = "expected a list of events, { data, pagination }, or { items, total, page, pageSize }";

test.each<[string, unknown, string[]]>([
  ["nothing", null, [": expected a run, or { run, events, revision, agent }"]],
  ["a list", [RUN], [": expected a run, or { run, events, revision, agent }"]],
  ["a bundle without a run", { events: [] }, ["/run: expected a run, an object"]],
  ["a run without id", { ...RUN, id: "" }, ["/id: expected the run's id"]],
  [
    "a run without status",
    { run: { ...RUN, status: null } },
    ["/run/status: expected the run's status, as text"],
  ],
  ["no time", { run: { ...RUN, createdAt: "yesterday" } }, ["/run/createdAt: expected an ISO 8601 time"]],
  ["seconds", { ...RUN, completedAt: 1_771_326_331 }, ["/completedAt: expected an ISO 8601 time"]],
  [
    "a run without a time",
    { run: { ...RUN, createdAt: null } },
    ["/run/createdAt: expected a time: neither the run nor its events say one"],
  ],
  ["an error that is text", { ...RUN, error: "no" }, ["/error: expected an object"]],
  ["events that are no list", { run: RUN, events: { data: {} } }, [`/events: ${LIST}`]],
  ["events that are text", { run: RUN, events: "[]" }, [`/events: ${LIST}`]],
  [
    "events that are none",
    { run: RUN, events: { items: [7, { type: "" }, { type: "planning", data: [] }] } },
    [
      "/events/items/0: expected an event, an object",
      "/events/items/1/type: expected the event's type",
      "/events/items/2/data: expected an object",
    ],
  ],
  [
    "a tool call without its data",
    { run: RUN, events: [{ type: "tool_call" }] },
    ["/events/0/data: expected a tool call, an object"],
  ],
  [
    "times of events",
    changed(({ events }) => Object.assign(events.data[3] ?? {}, { finishedAt: 5, startedAt: "soon" })),
    [
      "/events/data/3/startedAt: expected an ISO 8601 time",
      "/events/data/3/finishedAt: expected an ISO 8601 time",
    ],
  ],
  [
    "tools of a revision",
    { run: RUN, revision: { config: { tools: [{ source: "mcp", serverId: "s", enabledTools: "all" }] } } },
    ["/revision/config/tools/0/enabledTools: expected a list"],
  ],
  ["an agent", { run: RUN, agent: { metadata: { name: {} } } }, ["/agent/metadata/name: expected text"]],
])("ag.dev: %s is refused, with place and reason", (_what, document, issues) => {
  expect(issuesOf(document, agDevRun)).toEqual(issues);
});

test("ag.dev: answers that are not of the same run are refused", () => {
  const bundle = changed(({ run, events }) => {
    run.revisionId = "another";
    Object.assign(events.data[1] ?? {}, { runId: "another" });
  });
  expect(issuesOf({ ...bundle, agent: { id: "another" } }, agDevRun)).toEqual([
    "/revision/id: expected the id of the run's revision, another",
    "/agent/id: expected the id of the run's agent, 9104923a-3107-4fbc-8cc6-1bc0276dfd76",
    "/events/data/1/runId: expected the id of the run, 5726bd56-4ead-41e0-94ca-38f7c099d3d1",
  ]);
});

test("ag.dev: fields and types of events of later versions are kept", () => {
  const bundle = changed(({ run, events }) => {
    run.priority = 3;
    events.data.push({
      id: "e-new",
      type: "image_generation",
      data: ["anything"],
      startedAt: "2026-02-17T11:05:22Z",
      finishedAt: "2026-02-17T11:05:23.500Z",
      somethingNew: [1],
    });
  });
  const spans = [...agDevRun(bundle)];
  expect(ofOperation(spans, "event").map(({ name }) => name)).toEqual(["event ag.dev.image_generation"]);
  expect(ofOperation(spans, "event")[0]?.attributes["agent.metadata"]).toBe('{"duration_ms":1500}');
  expect(rebuild(spans)).toEqual(bundle);
});
