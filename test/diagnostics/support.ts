/** Clients of Apie's API, closed after the test. */
import { afterEach } from "vitest";
import { ApieClient } from "../../src/apie-api/index.ts";
import type { TestEventAgent } from "../../src/diagnostics/test-event/index.ts";
import { RecordingApie } from "../support/recording-apie.ts";

const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

function closedAfter<T extends { close(): unknown }>(one: T): T {
  open.push(one);
  return one;
}

export async function recordingApie(): Promise<RecordingApie> {
  return closedAfter(await RecordingApie.start());
}

export function clientOf(server: { url: string }, timeoutMs = 5_000): ApieClient {
  return closedAfter(new ApieClient({ baseUrl: server.url, apiKey: "apie_sk_test", timeoutMs }));
}

/** A client whose agent is registered. */
export async function registered(server: { url: string }, timeoutMs?: number): Promise<TestEventAgent> {
  const client = clientOf(server, timeoutMs);
  const answer = await client.identify({
    agent: { key: "support", name: "Support" },
    runtime: { language: "typescript", sdk_version: "1" },
    mode: "monitor",
    hostname: "test",
  });
  if (answer.kind !== "ok") throw new Error(answer.message);
  const { agentId, agentVersionId } = answer.value;
  return { client, agentKey: "support", agentId, agentVersionId, environment: "staging", mode: "monitor" };
}
