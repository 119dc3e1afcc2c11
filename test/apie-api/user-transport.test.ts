/** `transport` and `fetch`: what the user gives is used, and held to what ours promises. */
import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, test } from "vitest";
import { createFetchTransport } from "../../src/apie-api/fetch-transport.ts";
import { ApieClient, type ClientOptions } from "../../src/apie-api/index.ts";
import type { FetchLike, Transport, TransportRequest } from "../../src/config/index.ts";
import { buildErrorEvent } from "../../src/events/index.ts";
import { cleanup, setup, startServer } from "../support/client.ts";
import { stopNameServer } from "../support/name-server.ts";
import { until } from "../support/until.ts";

function clientWith(options: Partial<ClientOptions>): ApieClient {
  const client = new ApieClient({ baseUrl: "http://127.0.0.1:1", apiKey: "key", timeoutMs: 80, ...options });
  cleanup(async () => client.close());
  return client;
}

const ok = { kind: "response", status: 200, headers: {}, body: '{"id":"run_1"}' } as const;
const open = (client: ApieClient) => client.createRun({ agent_key: "a" });

describe("transport", () => {
  test("gets each request whole, and its answer is taken", async () => {
    const requests: TransportRequest[] = [];
    const client = clientWith({
      transport: async (request) => {
        requests.push(request);
        return ok;
      },
      headers: { "x-team": "core" },
    });
    expect(await open(client)).toMatchObject({ kind: "ok", value: { id: "run_1" } });
    expect(requests).toEqual([
      {
        method: "POST",
        url: "http://127.0.0.1:1/v1/runs",
        headers: {
          "x-team": "core",
          authorization: "Bearer key",
          "content-type": "application/json",
          accept: "application/json",
        },
        body: '{"agent_key":"a"}',
        timeoutMs: 80,
        signal: expect.any(AbortSignal),
      },
    ]);
  });

  test("wins over fetch", async () => {
    const client = clientWith({
      transport: async () => ok,
      fetch: () => Promise.reject(new Error("not this one")),
    });
    expect(await open(client)).toMatchObject({ kind: "ok" });
  });

  const broken: Record<string, Transport> = {
    "throws an error": () => {
      throw new Error("no network here");
    },
    "rejects with an error": () =>
      Promise.reject(Object.assign(new Error("no network here"), { code: "EX" })),
    "rejects with text": () => Promise.reject("no network here"),
    "rejects with nothing": () => Promise.reject(),
    "gives nothing": (() => undefined) as unknown as Transport,
    "gives null": (async () => null) as unknown as Transport,
    "gives a Response of fetch": (async () => new Response("{}")) as unknown as Transport,
    "gives what throws when it is looked at": (async () =>
      new Proxy(
        {},
        {
          get(_target, name) {
            // A promise asks for it first.
            if (name === "then") return undefined;
            throw new Error("not today");
          },
        },
      )) as unknown as Transport,
    "gives an answer without a status": (async () => ({
      kind: "response",
      body: "{}",
    })) as unknown as Transport,
  };

  test.each(Object.entries(broken))(
    "one that %s has failed; whether it sent anything is not known",
    async (_, transport) => {
      const answer = await open(clientWith({ transport }));
      expect(answer).toMatchObject({
        kind: "retry",
        ambiguous: true,
        message: expect.stringMatching(/^transport failed: .+/),
      });
    },
  );

  test("an answer without headers or text is read as far as it goes", async () => {
    const answer = (status: number): Transport =>
      (async () => ({ kind: "response", status })) as unknown as Transport;
    expect(await open(clientWith({ transport: answer(204) }))).toEqual({
      kind: "ok",
      status: 204,
      value: undefined,
    });
    expect(await open(clientWith({ transport: answer(503) }))).toMatchObject({
      kind: "retry",
      message: "HTTP 503",
    });
  });

  const retryAfter: readonly (readonly [string, unknown])[] = [
    ["numbers", { "Retry-After": 7, "X-Request-Id": 12 }],
    ["names as they were sent", { "Retry-After": "7", "X-Request-ID": "12" }],
    ["Headers", new Headers({ "Retry-After": "7", "X-Request-Id": "12" })],
  ];

  test.each(retryAfter)("an answer with %s for headers is read", async (_what, headers) => {
    const transport = (async () => ({ kind: "response", status: 503, headers })) as unknown as Transport;
    expect(await open(clientWith({ transport }))).toMatchObject({ retryAfterMs: 7_000, requestId: "12" });
  });

  test("a failure that says nothing useful is one", async () => {
    const transport = (async () => ({ kind: "failure", code: 5 })) as unknown as Transport;
    expect(await open(clientWith({ transport }))).toEqual({
      kind: "retry",
      ambiguous: true,
      message: "transport failed",
      cause: undefined,
    });
  });

  test("what one does to its headers is its own business", async () => {
    const keys: unknown[] = [];
    const client = clientWith({
      transport: async ({ headers }) => {
        keys.push(headers.authorization);
        delete headers.authorization;
        return ok;
      },
    });
    await open(client);
    await open(client);
    expect(keys).toEqual(["Bearer key", "Bearer key"]);
  });

  test("says itself whether it sent anything", async () => {
    const transport: Transport = async () => ({ kind: "failure", sent: "notSent", message: "queue closed" });
    expect(await open(clientWith({ transport }))).toMatchObject({
      kind: "retry",
      ambiguous: false,
      message: "queue closed",
    });
  });

  test("one that never answers and ignores its signal is not waited for", async () => {
    let signal: AbortSignal | undefined;
    const client = clientWith({
      transport: (request) => {
        signal = request.signal;
        return new Promise(() => undefined);
      },
    });
    const began = performance.now();
    expect(await open(client)).toMatchObject({
      kind: "retry",
      ambiguous: true,
      message: "no answer within 80 ms",
      cause: "ETIMEDOUT",
    });
    expect(performance.now() - began).toBeLessThan(500);
    expect(signal?.aborted).toBe(true);
  });

  test("one that heeds its signal may say what it knows", async () => {
    const client = clientWith({
      transport: ({ signal }) =>
        new Promise((resolve) => {
          signal?.addEventListener("abort", () =>
            resolve({ kind: "response", status: 201, headers: {}, body: '{"id":"run_2"}' }),
          );
        }),
    });
    expect(await open(client)).toMatchObject({ kind: "ok", value: { id: "run_2" } });
  });

  test("closing the client ends its requests; none is made after that", async () => {
    let calls = 0;
    const client = clientWith({
      transport: () => {
        calls += 1;
        return new Promise(() => undefined);
      },
      timeoutMs: 60_000,
    });
    const answer = open(client);
    client.close();
    expect(await answer).toMatchObject({ kind: "retry", ambiguous: true, cause: "ABORT_ERR" });
    expect(await open(client)).toMatchObject({ kind: "retry", ambiguous: false, cause: "ABORT_ERR" });
    expect(calls).toBe(1);
  });
});

describe("fetch", () => {
  test("the real one is used as it is", async () => {
    const server = await startServer();
    const client = clientWith({ baseUrl: server.url, fetch, timeoutMs: 2_000 });
    server.fail("/v1/runs", { status: 201, headers: { "X-Request-Id": "r" }, body: { id: "run_9" } }, 1);
    expect(await open(client)).toMatchObject({ kind: "ok", status: 201, value: { id: "run_9" } });
    expect(server.requests[0]).toMatchObject({
      method: "POST",
      body: { agent_key: "a" },
      headers: { authorization: "Bearer key" },
    });
    expect(await client.health()).toMatchObject({ kind: "ok" });
    server.fail("/v1/runs", { status: 503, headers: { "Retry-After": "3", "X-Request-Id": "r" } }, 1);
    expect(await open(client)).toMatchObject({
      kind: "retry",
      status: 503,
      retryAfterMs: 3_000,
      requestId: "r",
    });
  });

  test("a redirect is not followed: the key goes to nobody else, and a page is no success", async () => {
    const [server, elsewhere] = [await startServer(), await startServer()];
    server.fail("/v1/runs", { status: 302, headers: { location: `${elsewhere.url}/login` } });
    const client = clientWith({ baseUrl: server.url, fetch, timeoutMs: 2_000 });
    expect(await open(client)).toMatchObject({ kind: "denied", status: 302 });
    expect(elsewhere.requests).toEqual([]);
  });

  test("a server that cannot be reached: nothing was sent", async () => {
    const server = await startServer();
    await server.close();
    const client = clientWith({ baseUrl: server.url, fetch, timeoutMs: 2_000 });
    expect(await open(client)).toMatchObject({ kind: "retry", ambiguous: false, cause: "ECONNREFUSED" });
    stopNameServer();
    expect(await open(clientWith({ baseUrl: "http://apie.invalid", fetch, timeoutMs: 5_000 }))).toMatchObject(
      { ambiguous: false, cause: "ENOTFOUND" },
    );
  });

  test("a reset: it may have been done", async () => {
    const server = await startServer();
    server.fail("/v1/runs", "reset");
    const answer = await open(clientWith({ baseUrl: server.url, fetch, timeoutMs: 2_000 }));
    expect(answer).toMatchObject({ kind: "retry", ambiguous: true, cause: "UND_ERR_SOCKET" });
  });

  test("a server that never answers is timed out", async () => {
    const server = await startServer();
    server.fail("/v1/runs", "hang");
    expect(await open(clientWith({ baseUrl: server.url, fetch }))).toMatchObject({
      kind: "retry",
      ambiguous: true,
      message: "no answer within 80 ms",
      cause: "ETIMEDOUT",
    });
    await until("the socket is gone", () => server.connections === 0);
  });

  test("a body that is cut or never ends: the server has decided all the same", async () => {
    const server = await startServer();
    server.rule(({ path }) => (response) => {
      response.writeHead(201, { "content-type": "application/json", "content-length": "100" });
      response.write("{", () => (path === "/v1/runs" ? response.destroy() : undefined));
    });
    const client = clientWith({ baseUrl: server.url, fetch, timeoutMs: 150 });
    expect(await open(client)).toEqual({ kind: "ok", status: 201, value: undefined });
    expect(await client.sendEvents("{}", [])).toMatchObject({ kind: "ok", status: 201 });
  });

  test("an answer that is too long is cut, and read no further", async () => {
    const server = await startServer();
    let written = 0;
    server.fail("/v1/runs", (response) => {
      response.writeHead(500);
      const write = (): void => {
        while (written < 64_000_000 && response.write("x".repeat(64_000))) written += 64_000;
        written += 64_000;
        if (written < 64_000_000) response.once("drain", write);
        else response.end();
      };
      write();
    });
    const client = clientWith({ baseUrl: server.url, fetch, timeoutMs: 10_000 });
    expect(await open(client)).toMatchObject({ kind: "retry", status: 500 });
    await until("the connection is cut", () => server.connections === 0);
    expect(written).toBeLessThan(32_000_000);
  });

  test.each([
    ["as a stream", () => new Response("x".repeat(3_000_000))],
    ["as a text", () => ({ status: 200, headers: new Headers(), text: async () => "x".repeat(3_000_000) })],
  ])("no more of an answer is kept than of any: %s", async (_how, answer) => {
    const send = createFetchTransport(async () => answer());
    const url = "http://apie.invalid";
    const result = await send({ method: "POST", url, headers: {}, timeoutMs: 5_000 });
    expect(result).toMatchObject({ kind: "response", status: 200, truncated: true });
    expect((result as { body: string }).body.length).toBeLessThanOrEqual(1_048_576);
  });

  test("one that throws, or never settles, has failed", async () => {
    const never: FetchLike = () => new Promise(() => undefined);
    const throwing: FetchLike = () => {
      throw new TypeError("bad input");
    };
    expect(await open(clientWith({ fetch: never }))).toMatchObject({ kind: "retry", cause: "ETIMEDOUT" });
    expect(await open(clientWith({ fetch: throwing }))).toMatchObject({
      kind: "retry",
      ambiguous: true,
      message: "bad input",
    });
  });
});

describe("the application's async context", () => {
  const storage = new AsyncLocalStorage<string>();

  /** Every call a client makes, from within a request of the application. */
  async function everyCall(options: Parameters<typeof setup>[0]): Promise<void> {
    const { apie } = await setup({ retryBaseDelayMs: 1, ...options });
    await storage.run("request 1", async () => {
      await apie.ready();
      const pipeline = await apie.sessions.start({ kind: "pipeline" });
      await apie.sessions.resume(pipeline, () =>
        apie.withRun({}, () => apie.withTool({ tool: { name: "search" } }, () => 1)),
      );
      apie.sessions.complete(pipeline);
      await apie.flush();
      await apie.capabilities.declare([{ tool: { name: "search" } }]);
      await apie.tools.define({ name: "search" });
      await apie.validateEvents(buildErrorEvent("a", { error: { message: "x" } }));
      await apie.sendTestEvent({ mode: "single" });
      expect(storage.getStore()).toBe("request 1");
      await apie.shutdown();
    });
  }

  test("is not seen by a transport, whoever asked for the call", async () => {
    const seen = new Map<string, string | undefined>();
    const failed = new Set<string>();
    const transport: Transport = async ({ url }) => {
      const path = new URL(url).pathname.replace(/(ses|run|agt)_1/, "id");
      await Promise.resolve();
      seen.set(path, storage.getStore());
      // One failure each, so that timers start requests too; what the application asks for itself is not repeated.
      const isRepeated = path !== "/v1/runs" && /\/(sessions|runs|events|complete)$/.test(path);
      if (isRepeated && !failed.has(path)) {
        failed.add(path);
        return { kind: "response", status: 503, headers: {}, body: "" };
      }
      const id = path === "/v1/sessions" ? "ses_1" : "run_1";
      return { kind: "response", status: 200, headers: {}, body: JSON.stringify({ id, agent_id: "agt_1" }) };
    };
    await everyCall({ transport });
    expect([...seen.keys()]).toEqual(
      expect.arrayContaining([
        "/v1/agents/identify",
        "/v1/sessions",
        "/v1/sessions/id/runs",
        "/v1/events",
        "/v1/events/validate",
      ]),
    );
    expect(seen.size).toBeGreaterThanOrEqual(9);
    expect([...seen.values()].filter((store) => store !== undefined)).toEqual([]);
  });

  test("is not seen by a fetch", async () => {
    const seen: (string | undefined)[] = [];
    await everyCall({
      fetch: (url) => {
        seen.push(storage.getStore());
        return Promise.resolve(
          Response.json({ id: url.endsWith("/sessions") ? "ses_1" : "run_1", agent_id: "agt_1" }),
        );
      },
    });
    expect(seen.length).toBeGreaterThanOrEqual(9);
    expect(seen.filter((store) => store !== undefined)).toEqual([]);
  });
});
