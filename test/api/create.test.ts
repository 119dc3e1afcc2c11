/** `Apie.create()`: options from a config file of any kind, or the ready client it exports. */
import { copyFileSync, cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Apie, ApieConfigError } from "../../src/index.ts";
import { cleanup, options, startServer } from "../support/client.ts";
import { startOtel } from "../support/otel.ts";
import type { RecordingApie } from "../support/recording-apie.ts";
import { runChild } from "./support/child.ts";

const ROOT = new URL("../../", import.meta.url);
const CHILD = new URL("./support/create-client.ts", import.meta.url);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "apie-config-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const given = (server: RecordingApie): string =>
  JSON.stringify({
    apiKey: "apie_sk_test_file",
    baseUrl: server.url,
    agent: { key: "filed", name: "Filed" },
  });

/** One file of each kind that says the same. */
const FILES: readonly (readonly [string, (json: string) => string])[] = [
  ["apie.config.json", (json) => json],
  ["apie.config.mjs", (json) => `export default ${json};`],
  ["apie.config.js", (json) => `module.exports = ${json};`],
  ["apie.config.cjs", (json) => `module.exports = ${json};`],
  ["apie.config.ts", (json) => `const options: { apiKey: string } = ${json};\nexport default options;`],
  ["apie.config.mts", (json) => `export default ${json} satisfies object;`],
];

describe("a file", () => {
  test.each(FILES)("%s of the working directory is found and read", async (name, text) => {
    const server = await startServer();
    write(name, text(given(server)));
    expect(await runChild(CHILD, { options: { captureContent: true } }, folder)).toEqual({
      agent: { key: "filed", name: "Filed" },
      baseUrl: server.url,
      captureContent: true,
      isOfThisCopy: true,
    });
    const [identify] = server.to("/v1/agents/identify");
    expect(identify?.headers.authorization).toBe("Bearer apie_sk_test_file");
  });

  test("named by its path is read from there, and options override it member by member", async () => {
    const server = await startServer();
    const path = write("own.json", given(server));
    const apie = await Apie.create(options(server, { agent: { key: "inline", name: "Inline" } }), path);
    cleanup(() => apie.shutdown());
    await apie.ready();
    const [identify] = server.to("/v1/agents/identify");
    expect(identify?.body).toMatchObject({ agent: { key: "inline", name: "Inline" } });
    expect(identify?.headers.authorization).toBe("Bearer apie_sk_test_key");
  });

  test("that is missing, broken or no object of options is refused by its path", async () => {
    const bad: readonly (readonly [string, string, string])[] = [
      ["broken.json", "{", "not readable as JSON"],
      ["list.json", "[]", "expected an object of options"],
      ["text.json", '"text"', "expected an object of options"],
      ["throws.mjs", "throw new Error('at load');", "at load"],
      ["number.mjs", "export default 5;", "expected an object of options"],
      [
        "option.json",
        '{"agent":{"key":"a","name":"A"},"flushIntervalMs":"soon","apiKey":"k","baseUrl":"http://a"}',
        "flushIntervalMs",
      ],
    ];
    for (const [name, text, message] of bad) {
      const path = write(name, text);
      const error: unknown = await Apie.create({}, path).catch((thrown) => thrown);
      expect(error, name).toBeInstanceOf(ApieConfigError);
      expect((error as ApieConfigError).message, name).toContain(message);
    }
    const missing = Apie.create({}, join(folder, "nowhere.json"));
    await expect(missing).rejects.toThrow(/nowhere\.json: no such file/);
  });

  test("none is needed", async () => {
    const server = await startServer();
    expect(
      await runChild(
        CHILD,
        { options: { apiKey: "k", baseUrl: server.url, agent: { key: "a", name: "A" } } },
        folder,
      ),
    ).toMatchObject({ agent: { key: "a" } });
  });
});

describe("a ready client", () => {
  test("is given as it is", async () => {
    const server = await startServer();
    const ready = new Apie(options(server));
    const otel = startOtel({ processors: [ready.spanProcessor] });
    cleanup(async () => {
      await ready.shutdown();
      await otel.close();
    });
    Object.assign(globalThis, { readyClient: ready });
    const path = write("client.mjs", "export default globalThis.readyClient;");
    expect(await Apie.create({ agent: { key: "ignored", name: "Ignored" } }, path)).toBe(ready);
    Reflect.deleteProperty(globalThis, "readyClient");
  });

  test("made by another copy of this package is known as one", async () => {
    const server = await startServer();
    cpSync(new URL("src", ROOT), join(folder, "copy/src"), { recursive: true });
    copyFileSync(new URL("package.json", ROOT), join(folder, "copy/package.json"));
    symlinkSync(new URL("node_modules", ROOT), join(folder, "copy/node_modules"));
    write(
      "apie.config.mjs",
      `import { Apie } from "./copy/src/index.ts";\nexport default new Apie(${given(server)});`,
    );
    expect(await runChild(CHILD, { options: {} }, folder)).toMatchObject({
      agent: { key: "filed" },
      isOfThisCopy: false,
    });
  });
});
