/** `apie-otel init` in real processes, and what it finds in projects of each kind. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { detect, type Setup } from "../../src/cli/init/detect.ts";
import { ADVICE } from "../../src/cli/init/lines.ts";
import { readConfigFile, resolveConfig } from "../../src/config/index.ts";
import { runCli } from "./support.ts";

const README = readFileSync(new URL("../../README.md", import.meta.url), "utf8");

function project(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "apie-init-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

const NAMED = JSON.stringify({ name: "@acme/Help Desk" });

describe("apie-otel init", { timeout: 60_000 }, () => {
  it("writes a config file that is read as it is, and says what to add", async () => {
    const folder = project({
      "package.json": NAMED,
      "src/tracing.js": "const sdk = new NodeSDK({ traceExporter: new OTLPTraceExporter() });",
    });
    const cli = runCli(["init"], { cwd: folder });
    expect([await cli.ended, cli.stderr()]).toEqual([0, ""]);
    expect(cli.stdout()).toMatch(/^Wrote apie\.config\.mjs\nAgent: Help Desk \(key help-desk\)\n/);
    expect(cli.stdout()).toContain(`Found: a NodeSDK with a traceExporter in ${join("src", "tracing.js")}\n`);
    const lines = ADVICE.trace_exporter.lines.map((line) => line.replace('"./apie', '"../apie'));
    for (const line of lines) expect(cli.stdout()).toContain(line);
    expect(lines).toContain('import options from "../apie.config.mjs";');
    const file = await readConfigFile(join(folder, "apie.config.mjs"));
    const config = resolveConfig({ apiKey: "k", baseUrl: "http://127.0.0.1:1" }, file?.value as object, {});
    expect(config).toMatchObject({
      agent: { key: "help-desk", name: "Help Desk" },
      captureContent: false,
      runtime: { environment: "test" },
    });
  });

  it("what stands behind // in it are options, too", async () => {
    const folder = project({ "package.json": NAMED });
    expect(await runCli(["init"], { cwd: folder }).ended).toBe(0);
    const path = join(folder, "apie.config.mjs");
    const text = readFileSync(path, "utf8").replace(/^ {2}\/\/ (?=\w+: )/gm, "  ");
    writeFileSync(join(folder, "all.mjs"), text);
    const file = await readConfigFile(join(folder, "all.mjs"));
    const options = file?.value as object;
    expect(Object.keys(options)).toEqual([
      "agent",
      "agents",
      "runtime",
      "captureContent",
      "redactKeys",
      "mode",
      "queueStoragePath",
    ]);
    resolveConfig({ apiKey: "k", baseUrl: "http://127.0.0.1:1" }, options, {});
  });

  it("never writes over a config file, of whatever name; --force does over its own", async () => {
    for (const name of ["apie.config.mjs", "apie.config.ts", "apie.config.json"]) {
      const folder = project({ [name]: "mine" });
      const cli = runCli(["init"], { cwd: folder });
      expect(await cli.ended).toBe(1);
      expect(cli.stderr()).toContain(`${name} is there already and was left as it is`);
      expect(cli.stdout()).toContain("To add: ");
      const isOwn = name === "apie.config.mjs";
      const forced = runCli(["init", "--force", "--json"], { cwd: folder });
      expect(await forced.ended).toBe(isOwn ? 0 : 1);
      expect(JSON.parse(forced.stdout())).toMatchObject({ written: isOwn, setup: "none", found_in: null });
      expect(readFileSync(join(folder, name), "utf8") === "mine").toBe(!isOwn);
      expect(readdirSync(folder)).toEqual([name]);
    }
  });
});

describe("what is found", () => {
  it.each<[Setup, Readonly<Record<string, string>>]>([
    ["span_processors", { "a.ts": "new NodeSDK({ spanProcessors: [new BatchSpanProcessor(e)] })" }],
    ["trace_exporter", { "lib/deep/er/a.cjs": "new NodeSDK({ traceExporter })" }],
    ["environment", { "a.mjs": "// new NodeSDK({ spanProcessors })\nnew NodeSDK()" }],
    ["provider", { "a.js": "const p = new BasicTracerProvider({})" }],
    ["provider", { "a.js": "const p = new NodeTracerProvider()" }],
    [
      "auto",
      {
        "package.json":
          '{"scripts":{"start":"node --import @opentelemetry/auto-instrumentations-node/register a.js"}}',
      },
    ],
    ["auto", { "package.json": '{"dependencies":{"@opentelemetry/auto-instrumentations-node":"1"}}' }],
    ["elsewhere", { "package.json": '{"dependencies":{"@opentelemetry/sdk-node":"1"}}' }],
    ["elsewhere", { "package.json": '{"devDependencies":{"@opentelemetry/sdk-trace-base":"1"}}' }],
    ["none", { "package.json": '{"dependencies":{"@opentelemetry/sdk-trace":"1"}}' }],
    ["none", { "package.json": "{", "a.js": "console.log('new NodeSDK')" }],
    [
      "none",
      {
        "node_modules/x/a.js": "new NodeSDK()",
        "test/a.js": "new NodeSDK()",
        ".cache/a.js": "new NodeSDK()",
      },
    ],
    ["none", { "a.js": "/* new NodeSDK() */" }],
  ])("%s in %j", (setup, files) => {
    expect(detect(project(files), {}).setup).toBe(setup);
  });

  it("the agent is called as OTEL_SERVICE_NAME, the package, or the folder is", () => {
    const folder = project({ "package.json": NAMED });
    expect(detect(folder, { OTEL_SERVICE_NAME: "Desk 1" }).agent).toEqual({ key: "desk-1", name: "Desk 1" });
    expect(detect(folder, { OTEL_SERVICE_NAME: " " }).agent).toEqual({ key: "help-desk", name: "Help Desk" });
    expect(detect(project({}), {}).agent.key).toMatch(/^apie-init-/);
  });
});

/** The README's block for each set-up: a bold heading, and the code below. */
const HEADINGS: Readonly<Record<Setup, string>> = {
  span_processors: "**NodeSDK with `spanProcessors`**",
  trace_exporter: "**NodeSDK with `traceExporter`**",
  environment: "**NodeSDK configured by `OTEL_*` only**",
  auto: "**`--import @opentelemetry/auto-instrumentations-node/register`**",
  provider: "**A provider of your own**",
  elsewhere: "**NodeSDK with `spanProcessors`**",
  none: "### No OpenTelemetry yet",
};

it.each(Object.keys(HEADINGS) as Setup[])("the lines for %s are those of the README", (setup) => {
  const after = README.slice(README.indexOf(HEADINGS[setup]));
  const [, block = ""] = /```\w+\n(.*?)```/s.exec(after) ?? [];
  const told = block.split("\n").map((line) => line.trim());
  const lines = ADVICE[setup].lines
    // The README's examples stand alone; these have a config file beside them.
    .filter((line) => line !== "" && !line.includes("apie.config.mjs"))
    .map((line) =>
      line
        .trim()
        .replace("...options", 'agent: { key: "support", name: "Support" }')
        .replace("(options)", '({ agent: { key: "support", name: "Support" } })'),
    );
  expect(lines.length).toBeGreaterThan(1);
  expect(lines.filter((line) => !told.includes(line))).toEqual([]);
});
