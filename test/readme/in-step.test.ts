/** What the README lists is what there is: files, scripts, methods, routes, flags, variables, dependencies. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { Apie } from "../../src/index.ts";
import { startLocalApie } from "../../src/local/index.ts";
import { dependencies, ROOT } from "../package/support.ts";
import { NEW_NODE } from "../support/new-node.ts";
import { runProgram } from "../support/program.ts";
import { codeWords, README, section, tableOf } from "./support/readme.ts";

const prose = README.replace(/^```.*?^```$/gms, "");
const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target ?? "");
const anchorsOf = (text: string): string[] =>
  [...text.replace(/^```.*?^```$/gms, "").matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    (heading ?? "")
      .toLowerCase()
      .replace(/[^\p{L}\p{N} -]/gu, "")
      .replaceAll(" ", "-"),
  );
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

describe("links", () => {
  test("lead to files and headings that exist", () => {
    const local = links.filter((target) => !/^https?:/.test(target));
    expect(local.length).toBeGreaterThan(20);
    const broken = local.filter((target) => {
      const [file = "", anchor] = target.split("#");
      if (!existsSync(join(ROOT, file))) return true;
      return anchor !== undefined && !anchorsOf(file === "" ? README : read(file)).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  test("every promise is held by tests, or said not to be", () => {
    const rows = tableOf(section("Promises"));
    expect(rows.length).toBe(9);
    for (const [promise, tests] of rows) {
      const held = [...(tests ?? "").matchAll(/\]\((test\/[^)]+)\)/g)].map(([, path]) => path ?? "");
      expect(held, promise).not.toEqual([]);
    }
  });
});

/** Folders of `src/conventions`, by the name the README gives what they read. */
const CONVENTIONS: Readonly<Record<string, string>> = {
  "ai-sdk": "Vercel AI SDK",
  apie: "our own",
  langfuse: "Langfuse",
  mastra: "Mastra",
  "openai-agents": "OpenAI Agents",
  openinference: "OpenInference",
  "otel-gen-ai": "OTel GenAI",
  "otel-mcp": "MCP",
  traceloop: "Traceloop",
};

test("the conventions it says are read are those that are, and the others are not yet", () => {
  const [, notYet = "", today = ""] =
    /^(?:Not yet: (.*?) )?Read today: (.*)$/m.exec(section("Promises")) ?? [];
  const there = readdirSync(join(ROOT, "src/conventions"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => CONVENTIONS[name] ?? `${name}, which has no name here`);
  expect(there.filter((name) => !today.includes(name))).toEqual([]);
  const others = Object.values(CONVENTIONS).filter((name) => !there.includes(name));
  expect(others.filter((name) => today.includes(name) || !notYet.includes(name))).toEqual([]);
});

test("every npm script it names exists", () => {
  const named = [...README.matchAll(/npm run ([\w:-]+)/g)].map(([, script]) => script ?? "");
  expect(named.length).toBeGreaterThan(4);
  expect(named.filter((script) => !(script in manifest.scripts))).toEqual([]);
});

test("the table of calls names the client's public members, all of them", () => {
  const client = new Apie({ enabled: false, agent: { key: "a", name: "A" } });
  const groups = ["runs", "sessions", "propagation", "approvals", "capabilities", "tools"] as const;
  const members = [
    ...Object.getOwnPropertyNames(Apie.prototype).filter((name) => name !== "constructor"),
    ...groups.flatMap((group) => Object.keys(client[group]).map((name) => `${group}.${name}`)),
  ];
  const named = tableOf(section("The API by example"))
    .flatMap(([call]) => codeWords(call ?? ""))
    .map((call) => call.replace(/\(.*/, ""));
  expect(named.toSorted()).toEqual(members.toSorted());
});

describe("the local Apie", () => {
  test("its read API is the table of its page", async () => {
    const local = await startLocalApie();
    const { routes } = (await (await fetch(`${local.url}/api`)).json()) as {
      routes: { method: string; path: string }[];
    };
    await local.close();
    const paths = routes
      .filter(({ method, path }) => method === "GET" && path.startsWith("/api/"))
      .map(({ path }) => path);
    const named = tableOf(section("Read API", read("docs/local-apie.md"))).flatMap(([path]) =>
      codeWords(path ?? ""),
    );
    expect(named.toSorted()).toEqual(paths.toSorted());
    expect(routes).toContainEqual(expect.objectContaining({ method: "POST", path: "/v1/traces" }));
  });

  test("its flags are those of the command", async () => {
    const { stdout } = await runProgram(NEW_NODE, [join(ROOT, "src/cli/main.ts"), "dev", "--help"], {
      env: { NODE_NO_WARNINGS: "1" },
    });
    const [options = ""] = /^Options:\n.*?(?=\n\n)/ms.exec(stdout) ?? [];
    const flags = [...options.matchAll(/--[a-z]+/g)]
      .map(([flag]) => flag)
      .filter((flag) => flag !== "--help");
    const [command = ""] = /npx apie-otel dev \[.*/.exec(section("Local Apie")) ?? [];
    const printed = [...command.matchAll(/\[(--[a-z]+)(?: ([^\]]+))?\]/g)];
    expect(printed.map(([, flag]) => flag).toSorted()).toEqual([...new Set(flags)].toSorted());
    for (const [, flag, value] of printed.filter(([, , value]) => /^[\d.]+$/.test(value ?? ""))) {
      expect(options.replace(/\s+/g, " ")).toMatch(new RegExp(`${flag} .*\\(default: "?${value}"?\\)`));
    }
  });
});

test("the variables it names are those that are read", () => {
  const [paragraph = ""] = /^Environment: .*$/m.exec(section("Configuration")) ?? [];
  const named = codeWords(paragraph).filter((word) => /^(APIE|OTEL)_/.test(word));
  const sources = ["src/config/environment.ts", "src/config/product.ts", "src/start/environment.ts"]
    .map(read)
    .join("");
  const used = new Set(sources.match(/\b(?:APIE|OTEL)_[A-Z_]+\b/g));
  const isNamed = (variable: string) =>
    named.some((name) => (name.endsWith("*") ? variable.startsWith(name.slice(0, -1)) : name === variable));
  // The SDK's own detector and exporters read these.
  const bySdk = ["OTEL_RESOURCE_ATTRIBUTES"];
  const ours = named.filter((name) => !bySdk.includes(name));
  // Names of lists in product.ts look like variables.
  const variables = [...used].filter(
    (name) => sources.includes(`"${name}"`) || sources.includes(`env.${name}`),
  );
  expect(variables.filter((variable) => !isNamed(variable))).toEqual([]);
  const unread = ours.filter(
    (name) => !variables.some((variable) => variable.startsWith(name.replace("*", ""))),
  );
  expect(unread).toEqual([]);
});

test("the dependencies it gives reasons for are those there are", () => {
  const rows = tableOf(section("Dependencies")).map(([packages]) => codeWords(packages ?? ""));
  const named = rows.flat();
  expect(dependencies().filter((name) => !named.includes(name))).toEqual([]);
  expect(Object.keys(manifest.peerDependencies).filter((name) => !named.includes(name))).toEqual([]);
  const foreign =
    /(?:from|import\() ?"((?:@hono|hono|protobufjs|commander|eventsource-parser|@opentelemetry\/exporter)[^"]*)"/g;
  const bundled = ["src/local", "src/cli"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .flatMap((file) => [...read(join(folder, file)).matchAll(foreign)].map(([, name]) => name ?? "")),
  );
  const packages = new Set(
    bundled.map((name) =>
      name
        .split("/")
        .slice(0, name.startsWith("@") ? 2 : 1)
        .join("/"),
    ),
  );
  expect(named.filter((name) => packages.has(name)).toSorted()).toEqual([...packages].toSorted());
  const loaded = [...read("src/start/sdk.ts").matchAll(/"@opentelemetry\/([\w-]+)"/g)].map(
    ([, name]) => name ?? "",
  );
  expect(loaded.filter((name) => !named.some((one) => one.replace("@opentelemetry/", "") === name))).toEqual(
    [],
  );
});

test("the map of folders has every part of src, and nothing that is not there", () => {
  const named = tableOf(section("Development")).flatMap(([folders]) => codeWords(folders ?? ""));
  expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  const parts = readdirSync(join(ROOT, "src"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `src/${name}/`);
  expect(parts.filter((part) => !named.includes(part))).toEqual([]);
});
