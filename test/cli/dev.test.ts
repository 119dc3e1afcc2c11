import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { type Running, runCli } from "./support.ts";

/** The address a started server printed. */
async function addressOf(cli: Running): Promise<string> {
  await expect.poll(cli.stdout, { timeout: 20_000 }).toContain("\n");
  const address = /http:\/\/[\w.:[\]]+/.exec(cli.stdout())?.[0];
  if (address === undefined) throw new Error(cli.stdout() + cli.stderr());
  return address;
}

describe("apie-otel dev", { timeout: 30_000 }, () => {
  it.each(["SIGINT", "SIGTERM"] as const)(
    "listens, says what to set, and ends with 0 on %s",
    async (signal) => {
      const cli = runCli(["dev", "--port", "0"]);
      const url = await addressOf(cli);
      expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: "ok", database: "connected" });
      expect(cli.stdout()).toContain(`Local Apie listening on ${url}\n`);
      expect(cli.stdout()).toContain(`open ${url} in a browser`);
      expect(cli.stdout()).toContain(`APIE_BASE_URL=${url}\n`);
      expect(cli.stdout()).toContain("APIE_API_KEY=");
      expect(cli.stdout()).toContain(`OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=${url}/v1/traces\n`);
      cli.child.kill(signal);
      expect(await cli.ended).toBe(0);
      expect(cli.stderr()).toBe("");
    },
  );

  it("prints one line of JSON with --json, and keeps data in --db", async () => {
    const folder = await mkdtemp(join(tmpdir(), "apie-cli-"));
    const db = join(folder, "apie.sqlite");
    const start = async () => {
      const cli = runCli(["dev", "--port", "0", "--json", "--db", db]);
      const url = await addressOf(cli);
      expect(JSON.parse(cli.stdout())).toEqual({
        url,
        host: "127.0.0.1",
        port: Number(new URL(url).port),
        otlp_traces_endpoint: `${url}/v1/traces`,
        db,
        pid: cli.child.pid,
      });
      return { cli, url };
    };
    const first = await start();
    const created = await fetch(`${first.url}/v1/sessions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    });
    const { id } = (await created.json()) as { id: string };
    first.cli.child.kill("SIGTERM");
    expect(await first.cli.ended).toBe(0);

    const second = await start();
    expect((await fetch(`${second.url}/api/sessions/${id}`)).status).toBe(200);
    second.cli.child.kill("SIGTERM");
    await second.cli.ended;
    await rm(folder, { recursive: true });
  });

  it("demands --key, never prints it, and does not take it from APIE_API_KEY", async () => {
    const open = runCli(["dev", "--port", "0"], { env: { APIE_API_KEY: "apie_sk_live" } });
    expect((await fetch(`${await addressOf(open)}/api`)).status).toBe(200);

    const locked = runCli(["dev", "--port", "0", "--key", "sesame"]);
    const url = await addressOf(locked);
    expect((await fetch(`${url}/api`)).status).toBe(401);
    expect((await fetch(`${url}/api`, { headers: { authorization: "Bearer sesame" } })).status).toBe(200);
    expect(locked.stdout()).not.toContain("sesame");
  });

  it("says that the port is in use, and ends with 1", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as { port: number };
    const cli = runCli(["dev", "--port", String(port)]);
    expect(await cli.ended).toBe(1);
    expect(cli.stderr()).toMatch(new RegExp(`^apie-otel: Port ${port} on 127.0.0.1 is in use; .*\n$`));
    other.close();
  });

  it.each<[string[], string, number]>([
    [["--port", "70000"], "It must be a number from 0 to 65535", 2],
    [["--port", "http"], "It must be a number from 0 to 65535", 2],
    [["--host", "0.0.0.0"], "a key is required", 2],
    [["--db", "/nowhere/at/all.sqlite"], "/nowhere/at/all.sqlite", 1],
    [["--colour"], "unknown option", 2],
  ])("refuses %j with a plain message: %s, and %i", async (args, says, code) => {
    const cli = runCli(["dev", "--port", "0", ...args]);
    expect(await cli.ended).toBe(code);
    expect(cli.stderr()).toContain(says);
    expect(cli.stderr()).not.toMatch(/^ {4}at /m);
    expect(cli.stdout()).toBe("");
  });

  it("says which Node it needs where node:sqlite is missing", async () => {
    const cli = runCli(["dev", "--port", "0"], { nodeFlags: ["--no-experimental-sqlite"] });
    expect(await cli.ended).toBe(1);
    expect(cli.stderr()).toContain(process.version);
    expect(cli.stderr()).toContain("Node 22.13 or newer");
    expect(cli.stderr()).not.toMatch(/^ {4}at /m);
  });
});

describe("apie-otel", { timeout: 30_000 }, () => {
  it("prints its version", async () => {
    const cli = runCli(["--version"]);
    expect([await cli.ended, cli.stdout()]).toEqual([0, `${packageJson.version}\n`]);
  });

  it.each([
    [["--help"], ["Examples:", "apie-otel dev", "Commands:"]],
    [
      ["dev", "--help"],
      ["Examples:", "--port <number>", "(default: 4319)", "--db <file>", "never read from APIE_API_KEY"],
    ],
  ])("%j helps with examples", async (args, says) => {
    const cli = runCli(args);
    expect(await cli.ended).toBe(0);
    const text = cli.stdout().replace(/\s+/g, " ");
    for (const part of says) expect(text).toContain(part);
  });

  it.each([
    [["dve"], "Did you mean dev?"],
    [["dev", "--jsno"], "Did you mean --json?"],
    [["replay"], "missing required argument 'session'"],
    [["export", "last", "--format", "xml"], "Allowed choices are json, otlp"],
    [[], "Usage: apie-otel"],
  ])("%j ends with 2 and a hint: %s", async (args, says) => {
    const cli = runCli(args);
    expect(await cli.ended).toBe(2);
    expect(cli.stderr()).toContain(says);
    expect(cli.stderr()).toContain("apie-otel");
    expect(cli.stdout()).toBe("");
  });
});
