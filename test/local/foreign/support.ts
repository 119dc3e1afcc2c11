/** Runs in a local Apie, and what it answers of them in schemas of other systems. */
import { type ImportedSpan, importSpans } from "../../../src/imports/index.ts";
import { type ApieOptions, ApieSpanProcessor } from "../../../src/index.ts";
import type { LocalApie } from "../../../src/local/index.ts";
import { cleanup, options } from "../../support/client.ts";
import { allPages, call, get, type Json, startApie } from "../support.ts";

export interface Imported {
  local: LocalApie;
  sessions: readonly Json[];
}

export async function imported(spans: Iterable<ImportedSpan>, more: ApieOptions = {}): Promise<Imported> {
  const local = await startApie();
  const processor = new ApieSpanProcessor(options(local, more));
  cleanup(() => processor.shutdown());
  const report = await importSpans(spans, { processor });
  if (!report.ok) throw new Error(JSON.stringify(report));
  const { items } = await get(local, "/api/sessions");
  return { local, sessions: items };
}

export async function agentOsRuns(local: LocalApie, id: string, query = ""): Promise<Json[]> {
  const answer = await call(local, "GET", `/sessions/${encodeURIComponent(id)}/runs${query}`);
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
  return answer.body as unknown as Json[];
}

/** What is counted in a session by its own events, and by its runs. */
export async function countsAtApie(local: LocalApie, sessionId: string) {
  const runs = await allPages(local, `/api/sessions/${sessionId}/runs`);
  const { items: events } = await allPages(local, `/api/sessions/${sessionId}/events`);
  const ofType = (type: string): Json[] => events.filter((event) => event.type === type);
  const usages = events.map(
    (event) => (event.payload_summary as Json | undefined)?.usage as Json | undefined,
  );
  const sum = (name: string): number =>
    usages.reduce((total, usage) => total + Number(usage?.[name] ?? 0), 0);
  return {
    runs: runs.items.length,
    statuses: runs.items.map(({ status }) => status),
    requests: ofType("agent.llm.called").filter(
      (event) => (event.payload_summary as Json | undefined)?.purpose === undefined,
    ).length,
    tools: ofType("agent.tool.called").length,
    failedTools: ofType("agent.tool.called").filter(({ metadata }) => metadata.outcome === "failed").length,
    input: sum("input"),
    output: sum("output"),
  };
}
