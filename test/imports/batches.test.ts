/** Runs are sent in batches, and what is through is forgotten: those that come later still find their parents. */
import { expect, test } from "vitest";
import { agnoRuns } from "../../src/imports/index.ts";
import type { RecordedRequest } from "../support/recording-apie.ts";
import { fixture, type Json, toApie } from "./support.ts";

const idIn = (request: RecordedRequest): string => String((request.answer as Json | undefined)?.id);
const keyOf = ({ body }: RecordedRequest): unknown => (body as Json).agent_key;
const parentOf = ({ body }: RecordedRequest): unknown => (body as Json).parent_run_id;

/** More than a batch of spans. */
const MANY = 1_100;

/** The run with so many events more that it is a batch by itself. */
function grown(name: string): Json {
  const run = fixture(name);
  const [first] = run.events as Json[];
  const more = Array.from({ length: MANY }, () => ({ ...first, event: "CustomEvent" }));
  return { ...run, events: [first, ...more, ...(run.events as Json[]).slice(1)] };
}

test.each([
  ["team-run-members", "vendor-review", ["market-analyst", "compliance-desk"]],
  [
    "workflow-run-steps",
    "briefing-pipeline",
    ["feed-collector", "fact-checker", "style-checker", "shortener"],
  ],
])("%s: a run that fills a batch, and those it started", async (name, parent, children) => {
  const { server, send } = await toApie({ maxBatchSize: 500 });
  const report = await send(agnoRuns(grown(`agno/${name}`), { sessionId: "s" }));
  expect(report).toMatchObject({ ok: true });
  const runs = server.to(/\/v1\/sessions\/[^/]+\/runs$/);
  const above = runs.find((run) => keyOf(run) === parent);
  expect(server.to("/v1/sessions")).toHaveLength(1);
  // Nothing of the children was sent before the batch with their parent was through.
  const ended = server.to(`/v1/runs/${above && idIn(above)}/complete`)[0];
  for (const key of children) {
    const child = runs.find((run) => keyOf(run) === key);
    expect([key, child && parentOf(child)]).toEqual([key, above && idIn(above)]);
    expect(child?.arrived).toBeGreaterThan(ended?.arrived ?? Number.POSITIVE_INFINITY);
  }
  const accepted = server
    .eventsOf("agent.handoff.accepted")
    .filter(({ agent_key }) => children.includes(String(agent_key)));
  expect(accepted.map(({ payload_summary }) => (payload_summary as Json).source)).toEqual(
    name === "team-run-members" ? Array(2).fill(parent) : [],
  );
});
