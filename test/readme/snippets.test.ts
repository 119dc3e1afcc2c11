/** The README's code compiles as it stands, and its examples do what they show. */
import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Installed, ROOT } from "../package/support.ts";
import { NEW_NODE } from "../support/new-node.ts";
import { CODE, code } from "./support/readme.ts";
import { installWith, OTEL_PACKAGES, serve } from "./support/service.ts";
import { SUPPLIED_TYPES, SUPPLIED_VALUES } from "./support/supplied.ts";

let project: Installed;
beforeAll(() => {
  project = installWith([...OTEL_PACKAGES, "@types/node"]);
}, 60_000);
afterAll(() => project.remove());

const MANY = 40;
/** Many agents, one after the other, each in a trace of its own; prints the traces that are sampled. */
const AGENTS = `
import { TraceFlags, trace } from "@opentelemetry/api";
const tracer = trace.getTracer("library");
for (let i = 0; i < ${MANY}; i += 1) {
  const attributes = { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "Desk" };
  const span = tracer.startSpan("invoke_agent Desk", { attributes });
  const { traceId, traceFlags } = span.spanContext();
  if (traceFlags & TraceFlags.SAMPLED) console.log(traceId);
  span.end();
}
`;

test("every snippet compiles, as strict as it gets", async () => {
  const folder = join(project.folder, "types");
  mkdirSync(folder);
  const names = CODE.map(({ language, text }, index) => {
    const name = `snippet-${index}.m${language}`;
    // A file without imports would share its names with the others.
    writeFileSync(join(folder, name), `${text}\nexport {};\n`);
    return name;
  });
  writeFileSync(join(folder, "supplied.d.mts"), SUPPLIED_TYPES);
  const options = {
    module: "nodenext",
    target: "es2023",
    strict: true,
    allowJs: true,
    checkJs: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noUnusedLocals: true,
    skipLibCheck: true,
    noEmit: true,
    types: ["node"],
  };
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ compilerOptions: options, files: [...names, "supplied.d.mts"] }),
  );
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const { stdout } = await promisify(execFile)(NEW_NODE, [tsc, "-p", folder]).catch(
    (error: { stdout: string }) => error,
  );
  expect(stdout).toBe("");
  expect(names.length).toBeGreaterThan(8);
}, 60_000);

test("with recordAgentSpans, Apie gets every run and OTLP the traces that the sampler took", async () => {
  const served = await serve(project, {
    args: ["--import", "./instrumentation.mjs", "app.mjs"],
    files: { "instrumentation.mjs": code("Sampled services"), "app.mjs": AGENTS },
  });
  expect(served).toMatchObject({ code: 0, stderr: "" });
  const sampled = served.stdout.split("\n").filter((line) => line !== "");
  expect(served.spans.map(({ trace_id }) => trace_id).sort()).toEqual(sampled.sort());
  expect(sampled.length).toBeLessThan(MANY / 2);
  expect(served.replays.flatMap(({ runs }) => runs.map(({ status }) => status))).toEqual(
    new Array(MANY).fill("completed"),
  );
});

test("the API example makes a session of two runs, with all that is told in them", async () => {
  const served = await serve(project, {
    node: NEW_NODE,
    args: ["--import", "./supplied.mjs", "app.mts"],
    files: {
      "supplied.mjs": SUPPLIED_VALUES,
      "app.mts": `${code("The API by example")}\nawait apie.shutdown();\n`,
    },
  });
  expect(served).toMatchObject({ code: 0, stdout: "", stderr: "" });
  const [replay, ...more] = served.replays;
  expect(more).toEqual([]);
  expect(replay?.session).toMatchObject({
    kind: "pipeline",
    status: "completed",
    input_summary: "Ticket 4711",
  });
  const [first, second] = replay?.runs ?? [];
  expect(first).toMatchObject({
    agent_key: "support",
    status: "completed",
    input_summary: "Triage the ticket",
    completion_metadata: { outputSummary: "Refunded" },
  });
  expect(second).toMatchObject({ agent_key: "billing", status: "completed", parent_run_id: first?.id });
  const events = replay?.events ?? [];
  expect(events.filter((event) => event.run_id === first?.id)).toMatchObject([
    { type: "agent.action.requested", action: { type: "read", name: "search_tickets" } },
    {
      type: "agent.tool.called",
      tool: { name: "search", provider: "zendesk" },
      resource: { external_id: "4711" },
    },
    { type: "agent.action.completed" },
    { type: "agent.llm.called" },
    { type: "agent.llm.completed", payload_summary: { usage: { input: 12, output: 3 } } },
    { type: "agent.handoff.requested" },
  ]);
  expect(events.filter((event) => event.run_id === second?.id).map(({ type }) => type)).toEqual([
    "agent.handoff.accepted",
    "agent.handoff.completed",
  ]);
});

test("the local Apie in a test: the snippet asserts by itself", async () => {
  const files = { "supplied.mjs": SUPPLIED_VALUES, "app.mts": code("Local Apie") };
  const run = (text: string) =>
    serve(project, {
      node: NEW_NODE,
      args: ["--import", "./supplied.mjs", "app.mts"],
      files: { ...files, "app.mts": text },
      apie: false,
    });
  expect(await run(files["app.mts"])).toMatchObject({ code: 0, stdout: "", stderr: "" });
  // It does look: with another expectation it fails.
  const wrong = await run(files["app.mts"].replace('"completed"', '"failed"'));
  expect(wrong.stderr).toContain("AssertionError");
});
