/** docs/conventions.md: its tables are those of the code, its links lead somewhere, and its example does what it says. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { SpanStatusCode, trace } from "@opentelemetry/api";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { renewed } from "../../scripts/docs/page.ts";
import type { ApieSpanProcessor } from "../../src/index.ts";
import { ROOT } from "../package/support.ts";
import { cleanup, startServer } from "../support/client.ts";
import { NEW_NODE } from "../support/new-node.ts";
import { startOtel } from "../support/otel.ts";
import type { RecordingApie } from "../support/recording-apie.ts";

const FILE = join(ROOT, "docs/conventions.md");
const PAGE = readFileSync(FILE, "utf8");
const HEADING = "## A convention of your own\n";

function example(): string {
  const [, code] = /^```ts\n(.*?)^```$/ms.exec(PAGE.slice(PAGE.indexOf(HEADING))) ?? [];
  if (code === undefined) throw new Error("the page has no example");
  return code;
}

describe("the page", () => {
  test("has the tables that `npm run docs` writes", () => {
    expect(renewed(PAGE) === PAGE, "stale: run `npm run docs`").toBe(true);
  });

  test("leads to files and headings that exist", () => {
    const anchors = (text: string) =>
      [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
        heading
          .toLowerCase()
          .replace(/[^\p{L}\p{N} -]/gu, "")
          .replaceAll(" ", "-"),
      );
    const targets = [...PAGE.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target ?? "");
    const local = targets.filter((target) => !target.startsWith("https://"));
    expect(local.length).toBeGreaterThan(20);
    const broken = local.filter((target) => {
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? FILE : join(dirname(FILE), path);
      if (!existsSync(file)) return true;
      return anchor !== undefined && !anchors(readFileSync(file, "utf8")).includes(anchor);
    });
    expect(broken).toEqual([]);
  });
});

describe("the example", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "convention-"));
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  afterEach(() => vi.unstubAllEnvs());

  /** What the compiler says of the example, as strict as it gets. */
  async function complaints(code: string): Promise<string[]> {
    writeFileSync(join(folder, "butler.ts"), code);
    const compilerOptions = {
      module: "nodenext",
      target: "es2023",
      lib: ["es2023", "es2024.string"],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      noUnusedLocals: true,
      allowImportingTsExtensions: true,
      skipLibCheck: true,
      noEmit: true,
      types: ["node"],
      paths: { "apie-otel": [join(ROOT, "src/index.ts")] },
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["butler.ts"] }));
    const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
    const { stdout } = await promisify(execFile)(NEW_NODE, [tsc, "-p", folder]).catch(
      (error: { stdout: string }) => error,
    );
    return stdout.split("\n").filter((line) => line.includes("butler.ts"));
  }

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
