/** Imported spans keep to the agent.* convention, whatever they were made of. */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { agDevRun, agnoRuns, type ImportedSpan } from "../../src/imports/index.ts";
import { checkSpan, SCHEMA_URL } from "../../src/semconv/index.ts";
import { fixture, type Json, observed, operationOf } from "./support.ts";

const files = (folder: string): string[] =>
  readdirSync(fileURLToPath(new URL(`../fixtures/${folder}`, import.meta.url))).map(
    (file) => `${folder}/${file.replace(/\.json$/, "")}`,
  );

/** Where spans depart from the convention, in words. */
const findings = (spans: readonly ImportedSpan[], session: boolean): string[] =>
  spans.flatMap((span) => [
    ...checkSpan(observed(span, { session })).map(({ code, message }) => `${span.name}: ${code}: ${message}`),
    ...(span.instrumentationScope.schemaUrl === SCHEMA_URL ? [] : [`${span.name}: schema URL`]),
  ]);

/** All that Agno may have stored of runs, and that it may have left out. */
const AGNO: Record<string, (run: Json) => Json> = {
  "as it is": (run) => run,
  "without events": ({ events: _, ...run }) => run,
  "without all but events": ({ messages: _, tools: __, metrics: ___, step_results: ____, ...run }) => run,
  "without a status": ({ status: _, ...run }) => run,
  paused: (run) => ({ ...run, status: "PAUSED" }),
  failed: (run) => ({ ...run, status: "ERROR" }),
  cancelled: (run) => ({ ...run, status: "CANCELLED" }),
};

describe.each(files("agno"))("%s", (name) => {
  const document = fixture<Json | Json[]>(name);
  test.each(Object.entries(AGNO))("%s", (_how, change) => {
    const changed = Array.isArray(document) ? document.map(change) : change(document);
    const mcpServerOf = (tool: string) => (tool.startsWith("s") ? "server" : undefined);
    const spans = [
      ...agnoRuns(changed, { sessionId: "s", sessionType: "agent", sessionsEnded: true, mcpServerOf }),
    ];
    expect(findings(spans, true)).toEqual([]);
    expect(spans.map(operationOf)).toEqual(expect.arrayContaining(["session_start", "run", "session_end"]));
  });
});

/** Of a bundle of ag.dev. */
const AG_DEV: Record<string, (bundle: Json & { run: Json }) => Json> = {
  "as it is": (bundle) => bundle,
  "of a webhook": ({ run }) => run,
  "without a revision": ({ revision: _, ...bundle }) => bundle,
  "with its agent": (bundle) => ({ ...bundle, agent: { metadata: { name: "Writer" } } }),
  running: (bundle) => ({ ...bundle, run: { ...bundle.run, status: "running" } }),
  failed: (bundle) => ({ ...bundle, run: { ...bundle.run, status: "error" } }),
};

describe.each(files("agdev"))("%s", (name) => {
  test.each(Object.entries(AG_DEV))("%s", (_how, change) => {
    const bundle = change(fixture<Json & { run: Json }>(name));
    expect(findings([...agDevRun(bundle)], false)).toEqual([]);
    const inSession = [...agDevRun(bundle, { sessionId: "s", sessionEnded: true })];
    expect(findings(inSession, true)).toEqual([]);
    expect(inSession.length).toBeGreaterThan(2);
  });
});
