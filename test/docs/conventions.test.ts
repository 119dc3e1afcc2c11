/** docs/conventions.md: its example does what it says. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { SpanStatusCode, trace } from "@opentelemetry/api";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { ApieSpanProcessor } from "../../src/index.ts";
import { ROOT } from "../package/support.ts";
import { cleanup, startServer } from "../support/client.ts";
import { startOtel } from "../support/otel.ts";
import type { RecordingApie } from "../support/recording-apie.ts";
import { complaintsOf, scratchFolder } from "./support.ts";

const PAGE = readFileSync(join(ROOT, "docs/conventions.md"), "utf8");
const HEADING = "## A convention of your own\n";

function example(): string {
  const [, code] = /^```ts\n(.*?)^```$/ms.exec(PAGE.slice(PAGE.indexOf(HEADING))) ?? [];
  if (code === undefined) throw new Error("the page has no example");
  return code;
}

describe("the example", () => {
  let folder: string;
  beforeAll(() => {
    folder = scratchFolder();
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  afterEach(() => vi.unstubAllEnvs());

  const complaints = (code: string) => complaintsOf(folder, { "butler.ts": code });

  test("compiles", async () => {
    expect(await complaints(example())).toEqual([]);
    // It does look.
    expect(await complaints(example().replace('"llm"]', '"brain"]'))).not.toEqual([]);
  }, 60_000);

  /** The page's processor in a real SDK, on spans as Butler would write them. */
  async function playButler(change: (code: string) => string = (code) => code): Promise<RecordingApie> {
    const server = await startServer();
    vi.stubEnv("APIE_API_KEY", "apie_sk_test_key");
    vi.stubEnv("APIE_BASE_URL", server.url);
    const code = change(example());
    const file = join(folder, `played-${code.length}.ts`);
    writeFileSync(file, code.replace('"apie-otel"', JSON.stringify(join(ROOT, "src/index.ts"))));
    const { processor } = (await import(pathToFileURL(file).href)) as { processor: ApieSpanProcessor };
    const otel = startOtel({ processors: [processor] });
    cleanup(() => otel.close());
    const tracer = trace.getTracer("butler");
    const talk = { "butler.kind": "conversation", "butler.household": "manor-3" };
    tracer.startActiveSpan("Jeeves", { attributes: talk }, (conversation) => {
      const thought = tracer.startSpan("big-brain-1", { attributes: { "butler.kind": "thought" } });
      thought.setAttributes({ "butler.heard": "Where is my hat?", "butler.read": 12, "butler.said": 3 });
      thought.end();
      const errand = tracer.startSpan("fetch_hat", { attributes: { "butler.kind": "errand" } });
      errand.setStatus({ code: SpanStatusCode.ERROR }).setAttribute("error.type", "HatMissing");
      errand.end();
      tracer.startSpan("GET /hats").end();
      conversation.end();
    });
    await processor.forceFlush();
    return server;
  }

  test("makes a run in its session, with its events, and no content", async () => {
    const server = await playButler();
    expect(server.types).toEqual([
      "agent.llm.called",
      "agent.llm.completed",
      "agent.action.requested",
      "agent.tool.called",
      "agent.action.failed",
    ]);
    expect(server.eventsOf("agent.llm.called")[0]?.payload_summary).not.toHaveProperty("usage");
    const [session] = server.to("/v1/sessions");
    expect(JSON.stringify(session?.body)).toContain("manor-3");
    const [run] = server.to(/^\/v1\/sessions\/[^/]+\/runs$/);
    expect(JSON.stringify(run?.body)).toContain("Jeeves");
    expect(server.eventsOf("agent.llm.completed")[0]?.payload_summary).toMatchObject({
      model: "big-brain-1",
      usage: { input: 12, output: 3 },
    });
    expect(server.eventsOf("agent.action.failed")[0]).toMatchObject({ tool: { name: "fetch_hat" } });
    expect(JSON.stringify(server.eventsOf("agent.action.failed"))).toContain("HatMissing");
    expect(server.everything).not.toContain("Where is my hat?");
  });

  test("tells content where that is captured", async () => {
    const server = await playButler((code) =>
      code.replace("conventions: [butler]", "conventions: [butler], captureContent: true"),
    );
    expect(JSON.stringify(server.eventsOf("agent.llm.completed"))).toContain("Where is my hat?");
  });
});
