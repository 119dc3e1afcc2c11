/** PII leaks past the mask, on disk: what waits in a file is what would be sent, and nothing else. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { ApieOptions } from "../../src/index.ts";
import { HAS_SQLITE } from "../delivery/durable/support.ts";
import { coreOf, SECRETS } from "../events/redaction/samples.ts";
import { until } from "../support/until.ts";
import { ALL_CONTENT_KEYS } from "./support/content-keys.ts";
import { SPANS, spanOf } from "./support/spans.ts";
import { type Watched, watchApi } from "./support/watch.ts";

const CANARY = "Zq7canary";
const SECRET = SECRETS["OpenAI project"] as string;

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Every file of a folder, and what it is called. */
function bytesIn(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  const bytes = files.map((file) => readFileSync(join(file.parentPath, file.name)));
  return `${Buffer.concat(bytes).toString("latin1")}\n${files.map(({ name }) => name).join()}`;
}

/** Content, or a secret, in every attribute, and in what our own API is given; none of it can be sent. */
async function waiting(
  planted: string,
  options: ApieOptions,
  isIdentity: boolean,
): Promise<[Watched, string]> {
  const folder = mkdtempSync(join(tmpdir(), "apie-spool-"));
  folders.push(folder);
  const watched = await watchApi({
    queueStoragePath: folder,
    flushTimeoutMs: 300,
    retryAttempts: 1,
    ...options,
  });
  watched.server.rule(() => ({ status: 503 }));
  const { apie } = watched;
  const content = Object.fromEntries(ALL_CONTENT_KEYS.map((key) => [key, `${planted} in ${key}`]));
  const names = isIdentity
    ? { "gen_ai.conversation.id": planted, "gen_ai.request.model": planted, "agent.key": planted }
    : {};
  for (const sample of SPANS) {
    const extras = { attributes: { ...content, ...names }, status: { code: 2, message: planted } };
    apie.spanProcessor.onEnd(spanOf(sample, extras));
  }
  const input = isIdentity
    ? { inputSummary: planted, sessionId: planted, metadata: { [planted]: planted } }
    : {};
  await apie
    .withRun({ ...input, input: planted }, () =>
      apie.withTool({ tool: { name: "t" }, arguments: planted }, () => {
        throw new Error(planted);
      }),
    )
    .catch(() => undefined);
  await watched.flush();
  expect(watched.server.events).toEqual([]);
  // Told and written in slices: what the flush did not wait for comes a little later.
  await until("all waits", () => apie.queueDiagnostics().events.pending > SPANS.length);
  const bytes = await until("events on disk", () => {
    const read = bytesIn(folder);
    return read.includes("agent.llm.called") && read.includes("agent.error") && read;
  });
  return [watched, bytes];
}

test.runIf(HAS_SQLITE)("content is in no file while it is not captured", async () => {
  const [watched, bytes] = await waiting(CANARY, {}, false);
  expect(bytes).toContain("agent.llm.called");
  expect(bytes).not.toContain(CANARY);
  expect(watched.everything()).not.toContain(CANARY);
});

test.runIf(HAS_SQLITE)("it is where it is captured", async () => {
  const [watched, bytes] = await waiting(CANARY, { captureContent: true }, false);
  expect(bytes).toContain(`${CANARY} in gen_ai.input.messages`);
  expect(watched.said()).not.toContain(CANARY);
});

test.runIf(HAS_SQLITE).each([false, true])(
  "secrets are in none, with captureContent: %s",
  async (captureContent) => {
    const agent = { key: SECRET, name: SECRET };
    const [watched, bytes] = await waiting(SECRET, { captureContent, agent }, true);
    expect(bytes).toContain("[REDACTED");
    expect(bytes).not.toContain(coreOf(SECRET));
    expect(bytes).not.toContain(SECRET.slice(0, 16));
    expect(watched.everything()).not.toContain(coreOf(SECRET));
  },
);

test.runIf(HAS_SQLITE)("what a mask withholds is withheld on disk, too", async () => {
  const redact = (): never => {
    throw new Error("mask");
  };
  const [, bytes] = await waiting(CANARY, { captureContent: true, redact }, false);
  expect(bytes).toContain("redact_failed");
  expect(bytes).not.toContain(CANARY);
});
