/** docs/delivery.md: its hook keeps what it says it keeps. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { trace } from "@opentelemetry/api";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { ApieSpanProcessor } from "../../src/index.ts";
import { ROOT } from "../package/support.ts";
import { cleanup, startServer } from "../support/client.ts";
import { startOtel } from "../support/otel.ts";
import { until } from "../support/until.ts";
import { scratchFolder } from "./support.ts";

const PAGE = readFileSync(join(ROOT, "docs/delivery.md"), "utf8");
const SNIPPETS = [...PAGE.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code ?? "");

let folder: string;
beforeAll(() => {
  folder = scratchFolder();
});
afterAll(() => rmSync(folder, { recursive: true }));

test("the hook for refused events keeps them, whole", async () => {
  const server = await startServer();
  server.fail("/v1/events", { status: 422, body: { error: "no such tool" } });
  vi.stubEnv("APIE_API_KEY", "apie_sk_test_key");
  vi.stubEnv("APIE_BASE_URL", server.url);
  const kept = join(folder, "refused-events.jsonl");
  const code = SNIPPETS.find((snippet) => snippet.includes("refused-events.jsonl")) ?? "";
  const file = join(folder, "kept.ts");
  writeFileSync(
    file,
    code
      .replace('"apie-otel"', JSON.stringify(join(ROOT, "src/index.ts")))
      .replace('"refused-events.jsonl"', JSON.stringify(kept)),
  );
  const { processor } = (await import(pathToFileURL(file).href)) as { processor: ApieSpanProcessor };
  vi.unstubAllEnvs();
  const otel = startOtel({ processors: [processor] });
  cleanup(() => otel.close());
  const attributes = { "gen_ai.operation.name": "chat", "gen_ai.request.model": "m" };
  trace.getTracer("library").startSpan("chat m", { attributes }).end();
  await processor.forceFlush();
  const lines = await until("both are kept", () => {
    const found = existsSync(kept) ? readFileSync(kept, "utf8").trim().split("\n") : [];
    return found.length === 2 && found;
  });
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    {
      reason: "rejected_422",
      status: 422,
      message: "HTTP 422: no such tool",
      event: { type: "agent.llm.called" },
    },
    { reason: "rejected_422", status: 422, event: { type: "agent.llm.completed" } },
  ]);
});
