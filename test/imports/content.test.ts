/** What of an imported run leaves the process. */
import { describe, expect, test } from "vitest";
import { agDevRun, agnoRuns, type ImportedSpan, importSpans, rebuild } from "../../src/imports/index.ts";
import { fixture, type Json, toApie } from "./support.ts";

const CANARY = "canary-7f3a";

/** The document with a canary in every text that is no id, name, time or word of the source's: those under these members. */
function withCanaries(value: unknown, isContent = false): unknown {
  if (Array.isArray(value)) return value.map((item) => withCanaries(item, isContent));
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [
        name,
        withCanaries(member, CONTENT.has(name) || (isContent && !WORDS.has(name))),
      ]),
    );
  return typeof value === "string" && isContent ? `${value} ${CANARY}` : value;
}

const CONTENT = new Set(
  (
    "content input_content run_input result arguments reasoning_content summary topics followups task error url title service " +
    "input output resultData message description goalPrompt inputSchema resultSchema customResultInstructions " +
    "customToolCallInstructions"
  ).split(" "),
);
/** Under those, what is not. */
const WORDS = new Set(["code"]);

const AGNO = [
  "agent-run-tools",
  "agent-run-failed",
  "agent-run-paused",
  "team-run-members",
  "workflow-run-steps",
  "session-runs",
];
const agDev = (name: string) => ({
  ...fixture<Json & { run: Json }>(`agdev/${name}`),
  agent: { metadata: { name: "Writer", description: "Writes." } },
});
const DOCUMENTS: readonly [name: string, document: unknown, read: typeof agnoRuns][] = [
  ...AGNO.map((name) => [name, fixture(`agno/${name}`), agnoRuns] as [string, unknown, typeof agnoRuns]),
  ["run-document-done", agDev("run-document-done"), agDevRun],
  ["run-json-error", agDev("run-json-error"), agDevRun],
  ["a webhook's run", agDev("run-document-done").run, agDevRun],
];

class Exporter {
  readonly spans: ImportedSpan[] = [];
  export(spans: readonly unknown[], done: (result: { code: number; error?: Error }) => void): void {
    this.spans.push(...(spans as ImportedSpan[]));
    done({ code: 0 });
  }
}

describe.each(DOCUMENTS)("%s", (_name, given, read) => {
  const document = withCanaries(given);

  test("without content capture: no word of it, to Apie or to an exporter", async () => {
    const { server, send } = await toApie();
    const exporter = new Exporter();
    const report = await send(read(document, { sessionId: "s" }), { exporter });
    expect(report).toMatchObject({ ok: true, exported: { delivered: report.spans, failed: 0 } });
    expect(server.events.length).toBeGreaterThan(1);
    expect(server.everything).not.toContain(CANARY);
    expect(exporter.spans.length).toBe(report.spans);
    expect(JSON.stringify(exporter.spans)).not.toContain(CANARY);
    expect(JSON.stringify(exporter.spans)).not.toContain("agent.source.record");
  });

  test("with it: an exporter can give the source back", async () => {
    const { server, send } = await toApie({ captureContent: true });
    const exporter = new Exporter();
    await send(read(document, { sessionId: "s" }), { exporter });
    expect(server.everything).toContain(CANARY);
    expect(rebuild(exporter.spans)).toEqual(document);
  });
});

test("the spans themselves keep everything, whatever is sent", async () => {
  const document = withCanaries(fixture("agno/agent-run-tools"));
  const spans = [...agnoRuns(document)];
  await importSpans(spans, { exporter: new Exporter() });
  expect(rebuild(spans)).toEqual(document);
});

test("an exporter that fails costs Apie nothing, and is told of", async () => {
  const { server, send } = await toApie();
  const exporter = {
    export: (_spans: never[], done: (result: { code: number; error?: Error }) => void) =>
      done({ code: 1, error: new Error("no backend") }),
  };
  const report = await send(agnoRuns(fixture("agno/agent-run-failed")), { exporter });
  expect(report).toMatchObject({
    ok: false,
    exported: { delivered: 0, failed: 4 },
    lastError: "export: no backend",
  });
  expect(report.events.delivered).toBe(server.events.length);
  expect(server.events.length).toBeGreaterThan(3);
});

test("an import to nowhere is a mistake", async () => {
  await expect(importSpans([], {})).rejects.toThrow("give it a processor");
});
