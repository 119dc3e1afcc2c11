/**
 * Config files are read by Node's own loader, which differs between versions and which a test runner replaces: so by programs
 * of their own, on the Node that runs the tests and, where that is another, on the one npm was started with.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NEW_NODE } from "../support/new-node.ts";

interface Outcome {
  file?: { path: string; value: unknown } | null;
  error?: string;
  code?: string;
  issues?: { path: string; message: string }[];
  cause?: string;
}

interface Read {
  typescript: boolean;
  async: Outcome;
  sync: Outcome;
}

const PROGRAM = fileURLToPath(new URL("read-config.mjs", import.meta.url));
const BUILDER = fileURLToPath(new URL("build-reader.mjs", import.meta.url));
const SOURCE = fileURLToPath(new URL("../../src/config/file.ts", import.meta.url));
const run = promisify(execFile);
const NODES = [...new Set([process.execPath, process.env.npm_node_execpath ?? process.execPath])];

let root: string;
let reader: string;
let folders = 0;

beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "apie-config-")));
  const outDir = join(root, "reader");
  await run(NEW_NODE, [BUILDER, SOURCE, outDir]);
  reader = pathToFileURL(join(outDir, "file.mjs")).href;
});

afterAll(() => rm(root, { recursive: true, force: true }));

/** A folder of its own with these files. */
async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  folders += 1;
  const folder = join(root, `case-${folders}`);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

async function read(node: string, folder: string, path?: string): Promise<Read> {
  const args = [PROGRAM, reader, ...(path === undefined ? [] : [path])];
  const env = { ...process.env, NODE_OPTIONS: "", NODE_NO_WARNINGS: "1" };
  const { stdout } = await run(node, args, { cwd: folder, env });
  return JSON.parse(stdout) as Read;
}

const OPTIONS = { agent: { key: "from-file", name: "From file" } };
const TEXT = JSON.stringify(OPTIONS);
const ESM = `export default ${TEXT};`;
const CJS = `module.exports = ${TEXT};`;
const COMPILED = `Object.defineProperty(exports, "__esModule", { value: true }); exports.default = ${TEXT};`;
const MODULES = { "package.json": '{"type":"module"}' };
const SCRIPTS = { "package.json": '{"type":"commonjs"}' };
const TYPED = `interface Options { agent: { key: string } }\nexport default ${TEXT} satisfies Options;`;

describe.each(NODES.map((node, index) => [index === 0 ? "the test runner's Node" : "npm's Node", node]))(
  "on %s",
  (_which, node) => {
    test.each<[name: string, files: Record<string, string>]>([
      ["apie.config.json", { "apie.config.json": TEXT }],
      ["apie.config.json", { "apie.config.json": `\uFEFF${TEXT}` }],
      ["apie.config.mjs", { "apie.config.mjs": ESM, ...SCRIPTS }],
      ["apie.config.cjs", { "apie.config.cjs": CJS, ...MODULES }],
      ["apie.config.cjs", { "apie.config.cjs": COMPILED }],
      ["apie.config.js", { "apie.config.js": ESM, ...MODULES }],
      ["apie.config.js", { "apie.config.js": CJS, ...SCRIPTS }],
      ["apie.config.js", { "apie.config.js": COMPILED, ...SCRIPTS }],
    ])("%s %j is read both ways", async (name, files) => {
      const folder = await folderOf(files);
      const file = { path: join(folder, name), value: OPTIONS };
      expect(await read(node, folder)).toMatchObject({ async: { file }, sync: { file } });
    });

    test.each(["apie.config.ts", "apie.config.mts"])(
      "%s is read, or the Node needed is named",
      async (name) => {
        const folder = await folderOf({ [name]: TYPED, ...MODULES });
        const { typescript, ...outcomes } = await read(node, folder);
        for (const outcome of [outcomes.async, outcomes.sync]) {
          if (typescript) {
            expect(outcome).toEqual({ file: { path: join(folder, name), value: OPTIONS } });
            continue;
          }
          const [issue] = outcome.issues ?? [];
          expect(issue?.path).toBe(join(folder, name));
          expect(issue?.message).toMatch(
            /^Node \S+ cannot read TypeScript config files; use Node 22\.18 or newer/,
          );
        }
      },
    );

    test("a mistake in a TypeScript file is not laid at Node's door where Node can read those", async () => {
      const folder = await folderOf({ "apie.config.ts": "export default { agent: ", ...MODULES });
      const { typescript, ...outcomes } = await read(node, folder);
      const message = outcomes.async.issues?.[0]?.message;
      expect(message).toMatch(typescript ? /^could not be loaded: ./ : /^Node \S+ cannot read/);
    });

    test("without a file there is none, and a named one must exist", async () => {
      const folder = await folderOf({ "other.txt": "" });
      expect(await read(node, folder)).toMatchObject({ async: { file: null }, sync: { file: null } });
      const missing = {
        error: "ApieConfigError",
        code: "config",
        issues: [{ path: join(folder, "mine.json"), message: "no such file" }],
      };
      expect(await read(node, folder, "mine.json")).toMatchObject({ async: missing, sync: missing });
    });

    test("any file can be named; of several the first kind of the list is taken", async () => {
      const folder = await folderOf({
        "config/mine.mjs": "export default { named: true };",
        "apie.config.json": '{"kind": "json"}',
        "apie.config.cjs": 'module.exports = { kind: "cjs" };',
        "apie.config.mjs": 'export default { kind: "mjs" };',
      });
      expect(await read(node, folder)).toMatchObject({ async: { file: { value: { kind: "mjs" } } } });
      const named = { file: { path: join(folder, "config", "mine.mjs"), value: { named: true } } };
      expect(await read(node, folder, "config/mine.mjs")).toMatchObject({ async: named, sync: named });
    });

    test.each<[what: string, name: string, text: string, message: RegExp]>([
      ["broken JSON", "apie.config.json", "{ agent", /^not readable as JSON: [^/]+$/],
      ["an empty JSON file", "apie.config.json", "", /^not readable as JSON: [^/]+$/],
      ["a syntax error", "apie.config.mjs", "export default {", /^could not be loaded: ./],
      ["an exception", "apie.config.mjs", 'throw new Error("no vault");', /^could not be loaded: no vault$/],
      ["a thrown text", "apie.config.cjs", 'throw "no vault";', /^could not be loaded: no vault$/],
      ["a missing package", "apie.config.mjs", 'import "not-there";', /^could not be loaded: .*not-there/],
      ["no export at all", "apie.config.mjs", "const x = 1;", /^expected a default export with the options$/],
      ["named exports only", "apie.config.mjs", "export const apiKey = 1;", /^expected a default export/],
      [
        "compiled named exports",
        "apie.config.cjs",
        "exports.__esModule = true; exports.apiKey = 1;",
        /^expected a default/,
      ],
      ["undefined", "apie.config.cjs", "module.exports = undefined;", /^expected a default export/],
    ])("%s: an error that names file and reason", async (_what, name, text, message) => {
      const folder = await folderOf({ [name]: text });
      const outcomes = await read(node, folder);
      for (const outcome of [outcomes.async, outcomes.sync]) {
        expect(outcome).toMatchObject({ error: "ApieConfigError", code: "config" });
        expect(outcome.issues).toEqual([
          { path: join(folder, name), message: expect.stringMatching(message) },
        ]);
      }
    });

    test("broken JSON is not quoted: it may hold a key", async () => {
      for (const text of [
        '{"apiKey": canary-77',
        '{"apiKey": "canary-77"',
        "canary-77",
        '{"apiKey": "canary-77" "x": 1}',
      ]) {
        const outcomes = await read(node, await folderOf({ "apie.config.json": text }));
        expect(outcomes.async.issues?.[0]?.message).toMatch(/^not readable as JSON: [^/]+$/);
        expect(outcomes.sync.issues?.[0]?.message).toMatch(/^not readable as JSON: [^/]+$/);
        expect(JSON.stringify(outcomes)).not.toContain("canary");
      }
    });

    test("await at the top level is waited for, where that is possible", async () => {
      const folder = await folderOf({ "apie.config.mjs": `await Promise.resolve(); ${ESM}` });
      const outcomes = await read(node, folder);
      expect(outcomes.async.file?.value).toEqual(OPTIONS);
      expect(outcomes.sync.issues?.[0]?.message).toMatch(/^uses await at its top level.*startApie\(\)/);
    });
  },
);
