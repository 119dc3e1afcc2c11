/** `apie-otel doctor` in real processes: as it is called, what it prints, and how it ends. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DoctorReport, Finding } from "../../src/index.ts";
import type { Installed } from "../package/support.ts";
import { installWith, OLDEST_NODE, OTEL_PACKAGES } from "../readme/support/service.ts";
import { AGENT, cleanup, startServer } from "../support/client.ts";
import { OtlpReceiver } from "../support/otlp-receiver.ts";
import { type Ended, runProgram } from "../support/program.ts";
import type { RecordingApie } from "../support/recording-apie.ts";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const QUIET = { NODE_NO_WARNINGS: "1" };

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "apie-doctor-"));
  cleanup(async () => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

const config = (server: { url: string }, more: object = {}): string =>
  JSON.stringify({ apiKey: "apie_sk_test", baseUrl: server.url, agent: AGENT, ...more });

function doctor(
  args: readonly string[],
  files: Readonly<Record<string, string>> = {},
  env: Record<string, string> = {},
): Promise<Ended> {
  return runProgram(process.execPath, [MAIN, "doctor", ...args], {
    cwd: folderWith(files),
    env: { ...QUIET, ...env },
  });
}

const reportOf = ({ stdout }: Ended): DoctorReport => JSON.parse(stdout) as DoctorReport;
const findingOf = (ended: Ended, check: string): Finding | undefined =>
  reportOf(ended).findings.find((finding) => finding.check === check);

describe("apie-otel doctor", { timeout: 30_000 }, () => {
  it("reads the config file, prints findings with remedies, and ends with 0", async () => {
    const server = await startServer();
    const { code, stdout, stderr } = await doctor([], { "apie.config.json": config(server) });
    expect(stdout).toContain(`✓ ok      apie: Apie answers at ${server.url}\n`);
    expect(stdout).toContain("✓ ok      registration: the agent is registered as agt_1, version ver_1\n");
    expect(stdout).toMatch(/^· info {4}storage: .*\n {10}→ set queueStoragePath/m);
    expect(stdout).toMatch(/^· info {4}provider: .*\n {10}→ --import \.\/instrumentation\.mjs/m);
    expect(stdout).toMatch(/\nNothing is missing\.\n$/);
    // No terminal, no colour; nothing of the key.
    expect(stdout).not.toContain("\u001b");
    expect(stdout).not.toContain("apie_sk_test");
    expect([code, stderr]).toEqual([0, ""]);
  });

  it("reads the environment, and --config", async () => {
    const server = await startServer();
    const env = { APIE_API_KEY: "k", APIE_BASE_URL: server.url, OTEL_SERVICE_NAME: "Desk" };
    const byEnvironment = await doctor(["--json"], {}, env);
    expect(findingOf(byEnvironment, "configuration")?.message).toContain("desk (Desk)");
    const byFile = await doctor(["--json", "--config", "other.json"], { "other.json": config(server) });
    expect(findingOf(byFile, "configuration")?.message).toContain("support (Support)");
    expect([byEnvironment.code, byFile.code]).toEqual([0, 0]);
    const [line, ...more] = byFile.stdout.trimEnd().split("\n");
    expect([line === undefined, more]).toEqual([false, []]);
    expect(reportOf(byFile)).toMatchObject({ ok: true, apiKeyConfigured: true, baseUrl: server.url });
  });

  it("says what is wrong with the options, each with its remedy, and ends with 1", async () => {
    const { code, stdout } = await doctor([], { "apie.config.json": '{ "apikey": "x", "timeout": "soon" }' });
    expect(code).toBe(1);
    for (const says of [
      "apikey: unknown option; did you mean apiKey?",
      "timeout: expected",
      "agent: required",
      "baseUrl: required",
    ])
      expect(stdout).toContain(`✗ error   configuration: ${says}`);
    expect(stdout).toMatch(/\n5 errors, 0 warnings\.\n$|\n4 errors, 0 warnings\.\n$/);
  });

  it.each(["not json", "3"])("says that the config file %j is none", async (text) => {
    const { code, stdout, stderr } = await doctor([], { "apie.config.json": text });
    expect([code, stderr]).toEqual([1, ""]);
    expect(stdout).toMatch(/✗ error {3}configuration: .*apie\.config\.json/);
  });

  it("ends with 1 where Apie or the OTLP endpoint is not reached", async () => {
    const server = await startServer();
    const files = { "apie.config.json": config(server) };
    const dead = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" };
    const noOtlp = await doctor(["--json"], files, dead);
    expect([noOtlp.code, findingOf(noOtlp, "otlp")?.level]).toEqual([1, "error"]);
    expect(findingOf(noOtlp, "apie")?.level).toBe("ok");
    await server.close();
    const noApie = await doctor([], files);
    expect(noApie.code).toBe(1);
    expect(noApie.stdout).toMatch(/✗ error {3}apie: .*nothing listens there.*\n {10}→ start it/);
  });

  it("ends in its --timeout whatever does not answer", async () => {
    const server = await startServer();
    server.fail("/", "hang");
    const ended = await doctor(["--json", "--timeout", "2000"], { "apie.config.json": config(server) });
    expect([ended.code, findingOf(ended, "apie")?.message]).toEqual([
      1,
      expect.stringContaining("does not answer in time"),
    ]);
  });

  it("--strict ends with 1 for warnings, too", async () => {
    const server = await startServer();
    const files = { "apie.config.json": config(server, { captureContent: true }) };
    expect((await doctor([], files)).code).toBe(0);
    const { code, stdout } = await doctor(["--strict"], files);
    expect([code, stdout.includes("0 errors, 1 warning.")]).toEqual([1, true]);
  });

  it("does not open what the service keeps on disk", async () => {
    const server = await startServer();
    const files = { "apie.config.json": config(server, { queueStoragePath: "./spool" }) };
    const ended = await doctor(["--json"], files);
    expect(findingOf(ended, "storage")).toMatchObject({
      level: "ok",
      message: expect.stringContaining("./spool"),
    });
    expect(reportOf(ended)).toMatchObject({ queueStoragePath: "./spool", trustWarnings: [] });
  });

  it("works while switched off", async () => {
    const ended = await doctor(["--json"], {}, { OTEL_SDK_DISABLED: "true", OTEL_SERVICE_NAME: "a" });
    expect([ended.code, reportOf(ended).enabled]).toEqual([0, false]);
  });

  it("makes no run and no event", async () => {
    const server = await startServer();
    await doctor([], { "apie.config.json": config(server) });
    expect(server.to("/v1/runs")).toEqual([]);
    expect(server.to("/v1/events")).toEqual([]);
  });

  it.each([
    [["--timeout", "soon"], "It must be a number of milliseconds"],
    [["--timeout", "0"], "It must be a number of milliseconds"],
    [["--colour"], "unknown option"],
  ])("refuses %j", async (args, says) => {
    const { code, stderr } = await doctor(args);
    expect([code, stderr.includes(says)]).toEqual([2, true]);
  });

  it("helps with examples", async () => {
    const { code, stdout } = await doctor(["--help"]);
    expect(code).toBe(0);
    for (const part of ["Examples:", "--import ./instrumentation.mjs", "--json --strict", "exit code 0"])
      expect(stdout).toContain(part);
  });
});

/** In a project that has the packed package, as users do: the command line and the service each load a copy of it. */
describe("apie-otel doctor --import", { timeout: 60_000 }, () => {
  let project: Installed;
  beforeAll(() => {
    project = installWith(OTEL_PACKAGES);
  });
  afterAll(() => project.remove());

  const instrumentation = (processors: string, more = ""): string => `
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { ApieSpanProcessor, recordAgentSpans } from "apie-otel";
const exporting = new BatchSpanProcessor(new OTLPTraceExporter());
new NodeSDK({ spanProcessors: [${processors}], ${more} }).start();
`;

  async function inService(
    server: RecordingApie,
    files: Readonly<Record<string, string>>,
    args: readonly string[],
  ): Promise<Ended & { report: DoctorReport; find(check: string): Finding | undefined }> {
    const receiver = await OtlpReceiver.start();
    cleanup(() => receiver.close());
    for (const [name, text] of Object.entries(files)) writeFileSync(join(project.folder, name), text);
    const cli = join(project.folder, "node_modules/apie-otel/dist/cli.mjs");
    const ended = await runProgram(OLDEST_NODE, [cli, "doctor", "--json", ...args], {
      cwd: project.folder,
      env: {
        ...QUIET,
        APIE_API_KEY: "apie_sk_test",
        APIE_BASE_URL: server.url,
        OTEL_SERVICE_NAME: "Desk",
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_METRICS_EXPORTER: "none",
        OTEL_LOGS_EXPORTER: "none",
        OTEL_NODE_RESOURCE_DETECTORS: "env",
      },
    });
    const report = JSON.parse(ended.stdout.trimEnd().split("\n").at(-1) ?? "") as DoctorReport;
    expect(receiver.spans).toEqual([]);
    return { ...ended, report, find: (check) => report.findings.find((one) => one.check === check) };
  }

  it("finds all well in a service that is set up as the README says", async () => {
    const server = await startServer();
    const processor = 'new ApieSpanProcessor({ agent: { key: "own", name: "Own" }, forwardTo: exporting })';
    const files = { "instrumentation.mjs": instrumentation(processor, "sampler: undefined") };
    const { code, find, report } = await inService(server, files, ["--import", "./instrumentation.mjs"]);
    expect(report.findings.filter(({ level }) => level === "error" || level === "warning")).toEqual([]);
    expect(code).toBe(0);
    expect(find("configuration")?.message).toContain("own (Own)");
    expect(find("provider")?.message).toBe("the span processor is in the provider in use");
    for (const check of ["context_manager", "exporting", "otlp", "api_copies", "queue"])
      expect(find(check)?.level, check).toBe("ok");
  });

  it("finds that it was left out", async () => {
    const server = await startServer();
    const files = { "instrumentation.mjs": instrumentation("exporting") };
    const { code, find } = await inService(server, files, ["--import", "./instrumentation.mjs"]);
    expect(code).toBe(1);
    expect(find("provider")).toMatchObject({
      level: "error",
      message: expect.stringContaining("not in the provider"),
    });
  });

  it("finds that it is the only one", async () => {
    const server = await startServer();
    const files = {
      "instrumentation.mjs": instrumentation(
        "new ApieSpanProcessor()",
        "traceExporter: new OTLPTraceExporter()",
      ),
    };
    const { find } = await inService(server, files, ["-i", "./instrumentation.mjs"]);
    expect(find("exporting")).toMatchObject({
      level: "warning",
      remedy: expect.stringContaining("forwardTo"),
    });
  });

  it("looks into a service that is started with register", async () => {
    const server = await startServer();
    const { code, find } = await inService(server, {}, ["--import", "apie-otel/register"]);
    expect([code, find("provider")?.level, find("sampling")?.level, find("otlp")?.level]).toEqual([
      0,
      "ok",
      "ok",
      "ok",
    ]);
  });

  it.each([
    ["./missing.mjs", {}, /^there is no file \/.*\/missing\.mjs, and no package of that name$/],
    ["./broken.mjs", { "broken.mjs": 'throw new Error("out of order")' }, /^out of order$/],
  ])("says that %s cannot be loaded", async (file, files, why) => {
    const server = await startServer();
    const { code, find } = await inService(server, files, ["--import", file]);
    const [, said] = (find("configuration")?.message ?? "").split(`--import ${file}: `);
    expect(code).toBe(1);
    expect(said).toMatch(why);
    // The folder that was looked in is the service's.
    expect(said).not.toContain("dist");
  });
});
