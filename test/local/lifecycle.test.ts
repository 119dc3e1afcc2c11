import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LocalApieError, startLocalApie } from "../../src/local/index.ts";
import { Store } from "../../src/local/store/index.ts";
import { ApieConfigError } from "../../src/model/errors.ts";
import { everything, get, openRun, openSession, post, sendEvents, startApie } from "./support.ts";

/** As they are before any server was started here. */
const GLOBALS = [globalThis.Request, globalThis.Response];

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "apie-local-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("a database file", () => {
  it("keeps everything over a restart", async () => {
    const db = join(folder, "apie.sqlite");
    const first = await startApie({ db });
    const session_id = await openSession(first);
    const run_id = await openRun(first, {}, session_id);
    await sendEvents(first, { type: "agent.llm.called", run_id, event_id: "e1", sequence_number: 1 });
    await post(first, "/v1/traces", {
      resourceSpans: [
        { scopeSpans: [{ spans: [{ traceId: "a".repeat(32), spanId: "b".repeat(16), name: "x" }] }] },
      ],
    });
    const before = await everything(first);
    const spans = await get(first, `/api/traces/${"a".repeat(32)}/spans`);
    await first.close();

    const second = await startApie({ db });
    expect(await everything(second)).toEqual(before);
    expect(await get(second, `/api/traces/${"a".repeat(32)}/spans`)).toEqual(spans);
    const retry = await sendEvents(second, { type: "agent.llm.called", run_id, event_id: "e1" });
    expect(retry.body).toMatchObject({ accepted: 0, duplicates: 1 });
    expect((await post(second, `/v1/runs/${run_id}/complete`, { status: "completed" })).status).toBe(200);
  });

  it("and its companions can be read by their owner only", async () => {
    const apie = await startApie({ db: join(folder, "apie.sqlite") });
    await openSession(apie);
    const files = await readdir(folder);
    expect(files).toContain("apie.sqlite-wal");
    for (const file of files)
      expect([file, (await stat(join(folder, file))).mode & 0o777]).toEqual([file, 0o600]);
  });

  it.each([
    [
      "of another program",
      (db: string) => {
        const other = new DatabaseSync(db);
        other.exec("CREATE TABLE theirs (a)");
        other.close();
      },
      "another program",
    ],
    [
      "that is no database",
      (db: string) => writeFile(db, "hello, this is text ".repeat(100)),
      "not a database",
    ],
    [
      "of a newer version",
      async (db: string) => {
        await (await startLocalApie({ db })).close();
        const newer = new DatabaseSync(db);
        newer.exec("PRAGMA user_version = 999");
        newer.close();
      },
      "newer version",
    ],
  ])("%s is refused and left as it is", async (_, make, says) => {
    const db = join(folder, "given");
    await make(db);
    const before = await stat(db);
    const failure = startLocalApie({ db });
    await expect(failure).rejects.toMatchObject({ name: "LocalApieError", code: "database" });
    await expect(failure).rejects.toThrow(says);
    expect((await stat(db)).size).toBe(before.size);
  });

  it("in a folder that does not exist is refused with its path", async () => {
    const db = join(folder, "no", "where.sqlite");
    await expect(startLocalApie({ db })).rejects.toThrow(db);
  });
});

describe("a transaction", () => {
  it("that fails half-way leaves nothing behind, and the store goes on", async () => {
    const store = await Store.open(undefined);
    const now = new Date(0).toISOString();
    const half = () =>
      store.transaction(() => {
        store.agents.touch("kept?", now);
        throw new Error("half-way");
      });
    expect(half).toThrow("half-way");
    expect(store.agents.byKey("kept?")).toBeUndefined();
    store.transaction(() => store.agents.touch("kept", now));
    expect(store.agents.byKey("kept")).toBeDefined();
    store.close();
  });
});

describe("close", () => {
  it("is prompt with idle connections and open streams, and can be called again", async () => {
    const apie = await startApie();
    const agent = new Agent({ keepAlive: true });
    await new Promise<void>((resolve, reject) => {
      request(`${apie.url}/health`, { agent }, (response) => response.resume().on("end", resolve))
        .on("error", reject)
        .end();
    });
    const stream = await fetch(`${apie.url}/api/stream`);
    const read = stream.text();
    const waiting = openApproval(apie).then(() => get(apie, "/v1/approvals/appr_1/wait?timeout=600000"));
    await expect.poll(async () => (await get(apie, "/api/approvals")).items.length).toBe(1);

    const began = performance.now();
    await Promise.all([apie.close(), apie.close()]);
    expect(performance.now() - began).toBeLessThan(900);
    expect(await read).toContain("event: hello");
    expect(await waiting).toEqual({ status: "timeout" });
    await expect(fetch(`${apie.url}/health`)).rejects.toThrow();
    agent.destroy();
  });

  const openApproval = (apie: Parameters<typeof sendEvents>[0]) =>
    sendEvents(apie, { type: "agent.approval.requested", approval: { approval_id: "appr_1" } });

  it("frees the port", async () => {
    const { port, close } = await startApie();
    await close();
    const again = await startApie({ port });
    expect(again.port).toBe(port);
  });
});

describe("a start that cannot be", () => {
  it("says that the port is in use", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as { port: number };
    const failure = await startLocalApie({ port }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(LocalApieError);
    expect(failure).toMatchObject({ code: "port_in_use", message: expect.stringContaining(`Port ${port}`) });
    other.close();
  });

  it("says that the address is not of this machine", async () => {
    await expect(startLocalApie({ host: "192.0.2.1", key: "k" })).rejects.toMatchObject({
      code: "cannot_listen",
    });
  });

  it("names every wrong option", async () => {
    const failure = await startLocalApie({
      port: 70_000,
      key: "with space",
      db: "",
      colour: "red",
    } as never).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ApieConfigError);
    expect((failure as ApieConfigError).issues.map((issue) => issue.path)).toEqual([
      "port",
      "key",
      "db",
      "options",
    ]);
  });

  it.each(["0.0.0.0", "::", "192.168.1.5", "my-host"])("wants a key for host %s", async (host) => {
    await expect(startLocalApie({ host })).rejects.toThrow(/key is required/);
  });

  it.each(["127.0.0.1", "localhost"])("wants none for host %s", async (host) => {
    const apie = await startApie({ host });
    expect(await get(apie, "/health")).toMatchObject({ status: "ok" });
  });
});

describe("an error of the server itself", () => {
  it("is told to onError and answered with 500 and its request id", async () => {
    const told: unknown[] = [];
    const broken = () => {
      throw new Error("clock broke");
    };
    const apie = await startApie({
      now: broken,
      onError: (error, where) => told.push([String(error), where]),
    });
    const answer = await post(apie, "/v1/runs", { agent_key: "a" });
    expect(answer.status).toBe(500);
    const requestId = answer.headers.get("x-request-id");
    expect(answer.body.error).toMatchObject({
      code: "internal",
      message: expect.stringContaining(String(requestId)),
    });
    expect(told).toContainEqual(["Error: clock broke", { method: "POST", path: "/v1/runs", requestId }]);
  });
});

it("an error in what runs by itself is told once, and the server goes on", async () => {
  const told: unknown[] = [];
  let isBroken = true;
  const apie = await startApie({
    now: () => {
      if (isBroken) throw new Error("clock broke");
      return Date.now();
    },
    onError: (error, { path }) => told.push([String(error), path]),
  });
  await expect.poll(() => told).toEqual([["Error: clock broke", "expiry of approvals"]]);
  isBroken = false;
  expect(await get(apie, "/health")).toMatchObject({ status: "ok" });
});

describe("the process it runs in", () => {
  it("keeps its globals", async () => {
    await startApie();
    const [request, response] = GLOBALS;
    expect(globalThis.Request).toBe(request);
    expect(globalThis.Response).toBe(response);
  });
});
