import { execFile, spawn } from "node:child_process";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dependencies, type Installed, install, ROOT } from "./support.ts";

const run = promisify(execFile);

/** The Node npm runs on, and the scripts' own: the library runs on both. */
const NODES = [...new Set([process.env.npm_node_execpath ?? process.execPath, process.execPath])];

let project: Installed;

beforeAll(() => {
  project = install([...dependencies(), "@opentelemetry/api"]);
}, 60_000);
afterAll(() => project.remove());

function file(name: string, text: string): string {
  const path = join(project.folder, name);
  writeFileSync(path, text);
  return path;
}

const USE = `
const client = new apie.Apie({ enabled: false, agent: { key: "a", name: "A" } });
client.withRun({}, () => 42).then((value) => console.log(value, typeof events.validateEvents, semconv.ATTR_AGENT_RUN_ID, typeof start.startApie, typeof local.startLocalApie, typeof integrations.redisSessionStore, typeof mcp.mcpHandler, typeof imports.agnoRuns));
`;

describe.each(NODES)("on %s", (node) => {
  test("is imported as ES modules", async () => {
    const path = file(
      "use.mjs",
      `import * as apie from "apie-otel"; import * as events from "apie-otel/events"; import * as semconv from "apie-otel/semconv";
       import * as start from "apie-otel/start"; import * as local from "apie-otel/local";
       import * as integrations from "apie-otel/integrations"; import * as mcp from "apie-otel/mcp"; import * as imports from "apie-otel/imports";${USE}`,
    );
    const { stdout, stderr } = await run(node, [path], { cwd: project.folder });
    expect({ stdout, stderr }).toEqual({
      stdout: "42 function agent.run.id function function function function function\n",
      stderr: "",
    });
  });

  test("is required as CommonJS", async () => {
    const path = file(
      "use.cjs",
      `const apie = require("apie-otel"), events = require("apie-otel/events"), semconv = require("apie-otel/semconv"),
       start = require("apie-otel/start"), local = require("apie-otel/local"),
       integrations = require("apie-otel/integrations"), mcp = require("apie-otel/mcp"), imports = require("apie-otel/imports");${USE}`,
    );
    const { stdout, stderr } = await run(node, [path], { cwd: project.folder });
    expect({ stdout, stderr }).toEqual({
      stdout: "42 function agent.run.id function function function function function\n",
      stderr: "",
    });
  });

  test("shares its scope between both builds", async () => {
    const path = file(
      "both.mjs",
      `import { createRequire } from "node:module";
       import { Apie } from "apie-otel";
       const required = createRequire(import.meta.url)("apie-otel");
       const client = new Apie({ enabled: false, agent: { key: "a", name: "A" } });
       const key = Symbol.for("apie-otel.scope-storage.v1");
       await client.withRun({}, (run) => console.log(globalThis[key].getStore().run.id === run.id, required.Apie !== Apie));`,
    );
    const { stdout } = await run(node, [path], { cwd: project.folder });
    expect(stdout).toBe("true true\n");
  });
});

test("has types for ES modules and CommonJS that need nothing else", async () => {
  const source = `
    import { Apie, ApieSpanProcessor, recordAgentSpans, type FlushReport } from "apie-otel";
    import { buildToolCallEvent, validateEvents } from "apie-otel/events";
    import { ATTR_AGENT_RUN_ID } from "apie-otel/semconv";
    import { startApie } from "apie-otel/start";
    import { startLocalApie } from "apie-otel/local";
    import { redisSessionStore } from "apie-otel/integrations";
    import { agnoRuns, importSpans, type ImportReport } from "apie-otel/imports";
    const apie = new Apie({ apiKey: "k", baseUrl: "https://x", agent: { key: "a", name: "A" } });
    const value: Promise<number> = apie.withRun({ inputSummary: "x" }, async (run) => run.id.length);
    const report: Promise<FlushReport> = apie.flush();
    const processor: ApieSpanProcessor = apie.spanProcessor;
    const valid: boolean = validateEvents([buildToolCallEvent("a", { tool: { name: "t" } })]).valid;
    const key: "agent.run.id" = ATTR_AGENT_RUN_ID;
    const imported: Promise<ImportReport> = importSpans(agnoRuns([]), { processor });
    export { imported, value, report, processor, valid, key, startApie, startLocalApie, recordAgentSpans, redisSessionStore };
  `;
  file("types.mts", source);
  file("types.cts", source);
  file(
    "tsconfig.json",
    JSON.stringify({
      compilerOptions: {
        module: "node16",
        target: "es2022",
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: false,
        noEmit: true,
        types: [],
      },
      files: ["types.mts", "types.cts"],
    }),
  );
  const { stdout } = await run(process.execPath, [
    join(ROOT, "node_modules/typescript/bin/tsc"),
    "-p",
    project.folder,
  ]).catch((error: { stdout: string }) => error);
  expect(stdout).toBe("");
});

test("brings a local Apie with its page that starts from the package alone", async () => {
  const child = spawn(
    process.execPath,
    [join(project.folder, "node_modules/apie-otel/dist/cli.mjs"), "dev", "--port", "0", "--json"],
    {
      cwd: project.folder,
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  try {
    const line = await new Promise<string>((resolve, reject) => {
      let text = "";
      child.stdout.on("data", (chunk: Buffer) => {
        text += chunk.toString();
        if (text.includes("\n")) resolve(text);
      });
      child.once("exit", (code) => reject(new Error(`exit ${code}: ${text}`)));
    });
    const { url } = JSON.parse(line) as { url: string };
    expect(await (await fetch(`${url}/health`)).json()).toMatchObject({ status: "ok" });
    const page = await (await fetch(url, { headers: { accept: "text/html" } })).text();
    const [, script = ""] = /<script[^>]* src="([^"]+)"/.exec(page) ?? [];
    expect(script).toMatch(/^\/assets\//);
    expect((await fetch(url + script)).headers.get("content-type")).toContain("javascript");
  } finally {
    child.kill();
  }
});

test("holds no source, test or machine path, and names its version", () => {
  const listed = readFileSync(join(project.folder, "node_modules/apie-otel/package.json"), "utf8");
  const { version, devDependencies, files } = JSON.parse(listed) as Record<string, unknown>;
  expect(version).toMatch(/^\d+\.\d+\.\d+/);
  expect(devDependencies).toBeDefined();
  expect(files).toContain("dist");
  const bundle = readFileSync(join(project.folder, "node_modules/apie-otel/dist/cli.mjs"), "utf8");
  expect(bundle).not.toContain(ROOT);
  const assets = join(project.folder, "node_modules/apie-otel/dist/page/assets");
  const sizes = readdirSync(assets).map((name) => statSync(join(assets, name)).size);
  expect(sizes.length).toBeGreaterThan(2);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(400_000);
});
