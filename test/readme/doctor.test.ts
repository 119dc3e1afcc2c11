/** What the README says the doctor says, of such a service. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startLocalApie } from "../../src/local/index.ts";
import type { Installed } from "../package/support.ts";
import { cleanup } from "../support/client.ts";
import { runProgram } from "../support/program.ts";
import { BLOCKS } from "./support/readme.ts";
import { installWith, OLDEST_NODE, OTEL_PACKAGES } from "./support/service.ts";

const HEADING = "When something is missing: the doctor";
const block = (language: string): string =>
  BLOCKS.find((one) => one.heading === HEADING && one.language === language)?.text ?? "";

let project: Installed;
beforeAll(() => {
  project = installWith(OTEL_PACKAGES);
});
afterAll(() => project.remove());

test("it says so", { timeout: 60_000 }, async () => {
  const apie = await startLocalApie({ key: "apie_sk_right" });
  cleanup(() => apie.close());
  writeFileSync(
    join(project.folder, "instrumentation.mjs"),
    `import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { ApieSpanProcessor } from "apie-otel";
const spanProcessors = [new ApieSpanProcessor({ agent: { key: "support", name: "Support" } })];
new NodeSDK({ traceExporter: new OTLPTraceExporter(), spanProcessors }).start();
`,
  );
  const [npx, name, ...args] = block("sh").trim().split(" ");
  expect([npx, name]).toEqual(["npx", "apie-otel"]);
  const cli = join(project.folder, "node_modules/apie-otel/dist/cli.mjs");
  const { code, stdout } = await runProgram(OLDEST_NODE, [cli, ...args], {
    cwd: project.folder,
    env: {
      APIE_API_KEY: "apie_sk_wrong",
      APIE_BASE_URL: apie.url,
      OTEL_METRICS_EXPORTER: "none",
      OTEL_LOGS_EXPORTER: "none",
      OTEL_NODE_RESOURCE_DETECTORS: "env",
    },
  });
  expect(code).toBe(1);
  const said = new Set(stdout.replaceAll(apie.url, "http://127.0.0.1:4319").split("\n"));
  const printed = block("text").trimEnd().split("\n");
  expect(printed.length).toBeGreaterThan(5);
  expect(printed.filter((line) => !said.has(line))).toEqual([]);
});
