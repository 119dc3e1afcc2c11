/** docs/privacy.md: its examples compile, and do what it says. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Apie } from "../../src/index.ts";
import { ROOT } from "../package/support.ts";
import { cleanup, startServer } from "../support/client.ts";
import { startOtel } from "../support/otel.ts";
import { scratchFolder } from "./support.ts";

const PAGE = readFileSync(join(ROOT, "docs/privacy.md"), "utf8");

function example(heading: string): string {
  const [, code] = /^```ts\n(.*?)^```$/ms.exec(PAGE.slice(PAGE.indexOf(`\n## ${heading}\n`))) ?? [];
  if (code === undefined) throw new Error("the page has no example");
  return code;
}

let folder: string;
beforeAll(() => {
  folder = scratchFolder();
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

async function run(name: string, code: string): Promise<Record<string, unknown>> {
  const file = join(folder, `${name}.ts`);
  const entries = { '"apie-otel/events"': "src/events/public.ts", '"apie-otel"': "src/index.ts" };
  const local = Object.entries(entries).reduce(
    (text, [from, to]) => text.replace(from, JSON.stringify(join(ROOT, to))),
    code,
  );
  writeFileSync(file, local);
  return import(pathToFileURL(file).href);
}

test("rules of your own give what the comment says", async () => {
  const code = example("Rules of your own");
  const { redacted } = (await run("rules", code)) as { redacted: { metadata: unknown } };
  const [, said = ""] = /^\/\/ metadata: (\{.*\})$/m.exec(code) ?? [];
  const expected: unknown = JSON.parse(said.replace(/(\w+):/g, '"$1":'));
  expect(redacted.metadata).toEqual(expected);
});

test("a mask of your own masks events, and what opens and completes runs", async () => {
  const server = await startServer();
  vi.stubEnv("APIE_API_KEY", "apie_sk_test_key");
  vi.stubEnv("APIE_BASE_URL", server.url);
  const { apie } = (await run("mask", example("A mask of your own"))) as { apie: Apie };
  const otel = startOtel({ processors: [apie.spanProcessor] });
  cleanup(async () => {
    await apie.shutdown();
    await otel.close();
  });
  const input = { inputSummary: "refund customer Jane", metadata: { note: "customer Jane" } };
  await apie.withRun(input, () =>
    apie.withTool({ tool: { name: "refund" }, arguments: { who: "customer Jane" } }, () => "customer Jane"),
  );
  await apie.flush();
  expect(server.everything).not.toContain("Jane");
  expect(server.to("/v1/runs")[0]?.body).toMatchObject({
    input_summary: "refund a customer",
    metadata: { note: "a customer" },
  });
  expect(server.eventsOf("agent.action.requested")[0]?.metadata).toMatchObject({
    arguments: { who: "a customer" },
  });
});
