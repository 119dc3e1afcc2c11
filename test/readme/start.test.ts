/** The ways for a service without OpenTelemetry, as the README prints them, with the packages it names. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Installed } from "../package/support.ts";
import { BLOCKS, code, README } from "./support/readme.ts";
import { APPS, installWith, NODES, OLDEST_NODE, type Served, serve } from "./support/service.ts";

const HEADING = "No OpenTelemetry yet";
const commands = BLOCKS.find(({ heading, language }) => heading === HEADING && language === "sh")?.text ?? "";
const [, , ...packages] = (commands.split("\n")[0] ?? "").split(" ");
const named = packages.filter((name) => name.startsWith("@opentelemetry/"));
const config = BLOCKS.filter(({ heading }) => heading === HEADING).find(({ text }) =>
  text.includes("apie.config.mjs"),
);
const register = (program: string) => ["--import", "apie-otel/register", program];

let project: Installed;
let bare: Installed;
beforeAll(() => {
  project = installWith(named);
  bare = installWith(["@opentelemetry/api"]);
}, 60_000);
afterAll(() => {
  project.remove();
  bare.remove();
});

function expectDelivered({ replays, spans }: Served, agent: string): void {
  expect(replays).toMatchObject([{ runs: [{ agent_key: agent, status: "completed" }] }]);
  expect(replays[0]?.events.map(({ type }) => type)).toEqual(["agent.llm.called", "agent.llm.completed"]);
  expect(spans.map(({ name }) => name).sort()).toEqual(["chat m", "invoke_agent Desk"]);
}

test("the packages to install are those of the message that misses one", async () => {
  expect(commands).toContain("node --import apie-otel/register app.js");
  const { stderr } = await serve(bare, {
    args: register("app.mjs"),
    files: { "app.mjs": APPS["app.mjs"] ?? "" },
  });
  expect(stderr).toContain(`npm install ${named.join(" ")}\n`);
});

describe.each(NODES)("register, on %s", (node) => {
  test("with the config file", async () => {
    const files = { "apie.config.mjs": config?.text ?? "", "app.mjs": APPS["app.mjs"] ?? "" };
    const served = await serve(project, { node, args: register("app.mjs"), files });
    expect(served).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expectDelivered(served, "support");
    expect(served.replays[0]?.events[0]).toMatchObject({ environment: "production" });
    expect(served.spans[0]?.resource.attributes["service.name"]).toBe("support");
  });

  test("with the environment only, before a CommonJS program", async () => {
    const files = { "app.cjs": APPS["app.cjs"] ?? "" };
    const env = { OTEL_SERVICE_NAME: "Help Desk" };
    const served = await serve(project, { node, args: register("app.cjs"), files, env });
    expect(served).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expectDelivered(served, "help-desk");
  });
});

describe("what register cannot start with is said, and the program runs without it", () => {
  const PROGRAM = 'import "@opentelemetry/api"; console.log("the program runs");';

  test.each<
    [what: string, says: RegExp, options: Partial<Parameters<typeof serve>[1]> & { isBare?: boolean }]
  >([
    [
      "no package",
      /startApie needs @opentelemetry\/\S+ or @opentelemetry\/\S+, which is not installed: npm/,
      { isBare: true },
    ],
    [
      "no API key, no address",
      /Invalid configuration:\n {2}apiKey: .*APIE_API_KEY.*\n {2}baseUrl: .*APIE_BASE_URL/,
      { apie: false },
    ],
    ["no agent", /agent: required: .*OTEL_SERVICE_NAME/, { env: {} }],
    [
      "a broken config file",
      /apie\.config\.json: not readable as JSON/,
      { files: { "apie.config.json": "{" } },
    ],
    [
      "another OpenTelemetry",
      /a tracer provider is registered already: add new ApieSpanProcessor\(…\)/,
      {
        args: ["--import", "./other.mjs", ...register("app.mjs")],
        files: {
          "other.mjs": `import { trace } from "@opentelemetry/api"; import { TracerProvider } from "@opentelemetry/sdk-trace";
trace.setGlobalTracerProvider(new TracerProvider());`,
        },
      },
    ],
  ])("%s", async (_what, says, { isBare, files, env = { OTEL_SERVICE_NAME: "desk" }, ...more }) => {
    const served = await serve(isBare ? bare : project, {
      args: register("app.mjs"),
      ...more,
      files: { "app.mjs": PROGRAM, ...files },
      env,
    });
    expect(served).toMatchObject({ code: 0, stdout: "the program runs\n", replays: [] });
    expect(served.stderr).toMatch(/^\[apie-otel\] not started: /);
    expect(served.stderr).toMatch(says);
    expect(served.stderr).not.toMatch(/^ {4}at /m);
  });
});

describe("startApie", () => {
  const snippet = BLOCKS.filter(({ heading }) => heading === HEADING).find(({ text }) =>
    text.includes("startApie"),
  )?.text;

  test.each(NODES)("does what its snippet says, on %s", async (node) => {
    const served = await serve(project, { node, args: ["app.mjs"], files: { "app.mjs": snippet ?? "" } });
    const [, promised] = /; \/\/ (.*)\n$/.exec(snippet ?? "") ?? [];
    expect(served).toMatchObject({ code: 0, stdout: `${promised}\n`, stderr: "" });
    expect(served.replays[0]?.runs).toMatchObject([{ agent_key: "support", input_summary: "Hello" }]);
    expect(served.spans.map(({ name }) => name).sort()).toEqual([
      "execute_tool search",
      "invoke_agent Support",
    ]);
  });

  test.each([
    ["a missing package", true, true, "missing_package"],
    ["a missing key", false, false, "config"],
  ])("throws for %s, before anything is sent", async (_what, isBare, apie, error) => {
    const program = `import { startApie } from "apie-otel/start";
await startApie({ agent: { key: "a", name: "A" } }).catch((error) => console.log(error.code, error.message));`;
    const served = await serve(isBare ? bare : project, {
      args: ["app.mjs"],
      files: { "app.mjs": program },
      apie,
    });
    expect(served).toMatchObject({ code: 0, stderr: "", replays: [] });
    expect(served.stdout).toMatch(new RegExp(`^${error} .*(npm install|APIE_API_KEY)`, "s"));
  });
});

describe("a service that had OpenTelemetry", () => {
  let instrumented: Installed;
  beforeAll(() => {
    const packages = [...README.matchAll(/from "(@opentelemetry\/[^"]+)"/g)].map(([, name]) => name ?? "");
    instrumented = installWith([...new Set(packages)]);
  }, 60_000);
  afterAll(() => instrumented.remove());

  const instrumentation = code("NodeSDK with spanProcessors");
  const serving = `import { createServer } from "node:http";
import { trace } from "@opentelemetry/api";
const tracer = trace.getTracer("library");
const ask = (name) => tracer.startSpan(name, { attributes: { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": name } });
const server = createServer().listen(0, "127.0.0.1", () => {
  ask("Early").end();
  process.kill(process.pid, "SIGTERM");
});
process.once("SIGTERM", () => {
  const late = ask("Late");
  server.close(() => late.end());
});`;
  const run = (env: Record<string, string>, apie: boolean): Promise<Served> =>
    serve(instrumented, {
      node: OLDEST_NODE,
      args: ["--import", "./instrumentation.mjs", "app.mjs"],
      files: { "instrumentation.mjs": instrumentation, "app.mjs": serving },
      env,
      apie,
    });

  test("ends when its SIGTERM handler has closed the server, and everything was sent", async () => {
    const served = await run({}, true);
    expect(served).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expect(served.spans.map(({ name }) => name)).toEqual(["Early", "Late"]);
    expect(served.replays[0]?.runs.map(({ status }) => status)).toEqual(["completed", "completed"]);
  });

  test("is told at its start what is missing", async () => {
    const served = await run({}, false);
    expect(served.code).toBe(1);
    expect(served.stderr).toMatch(/ApieConfigError: Invalid configuration:\n {2}apiKey: .*\n {2}baseUrl: /);
  });

  test("needs no key while OpenTelemetry is switched off", async () => {
    const served = await run({ OTEL_SDK_DISABLED: "true" }, false);
    expect(served).toMatchObject({ code: 0, stdout: "", stderr: "", spans: [], replays: [] });
  });
});
