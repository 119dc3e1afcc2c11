/** What the doctor says of the way to Apie: every way it can be broken has its own words and remedy. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { Apie, type ApieOptions, type Transport } from "../../../src/index.ts";
import { cleanup, options, startServer } from "../../support/client.ts";
import type { Reply } from "../../support/recording-apie.ts";
import { examined } from "./support.ts";

function client(server: { url: string }, more: ApieOptions = {}): Apie {
  const apie = new Apie(options(server, { shutdownTimeoutMs: 200, ...more }));
  cleanup(() => apie.shutdown());
  return apie;
}

test("all is well", async () => {
  const server = await startServer();
  const found = await examined(client(server));
  expect(found.text("apie")).toBe(`ok: Apie answers at ${server.url} → `);
  expect(found.text("registration")).toBe("ok: the agent is registered as agt_1, version ver_1 → ");
  expect(found.of("events").level).toBe("ok");
  expect(found.of("clock").level).toBe("ok");
  expect(found.report).toMatchObject({
    registration: { agentId: "agt_1", workspaceId: "ws_1" },
    enabled: true,
    mode: "monitor",
    guardFailureMode: "fail_open",
    baseUrl: server.url,
    apiKeyConfigured: true,
    redactionEnabled: true,
    queue: { queueSize: 0 },
  });
  // Asked, and nothing made.
  expect(server.to("/v1/events/validate")).toHaveLength(1);
  expect(server.requests.map(({ path }) => path).toSorted()).toEqual([
    "/health",
    "/v1/agents/identify",
    "/v1/events/validate",
  ]);
});

test("the report never holds the key, not even where a server repeats it", async () => {
  const server = await startServer();
  server.fail("/v1/agents/identify", { status: 401, body: { error: "no such key: apie_sk_test_key" } });
  const found = await examined(client(server));
  const told = JSON.stringify(found.report);
  expect(found.of("registration").level).toBe("error");
  expect(told).not.toContain("apie_sk_test_key");
});

describe("refused or answered by something else", () => {
  const page: Reply = { headers: { "content-type": "text/html" }, text: "<html>Welcome</html>" };
  test.each<[what: string, Reply, message: RegExp, remedy: RegExp]>([
    ["401", { status: 401 }, /refuses the key \(HTTP 401/, /APIE_API_KEY/],
    ["403", { status: 403 }, /may not do this/, /may write agents, runs and events/],
    ["402", { status: 402 }, /plan or payment/, /billing/],
    ["404", { status: 404 }, /something else answers/, /APIE_BASE_URL/],
    ["405", { status: 405 }, /something else answers/, /APIE_BASE_URL/],
    ["a web page", page, /something else answers there \(HTTP 200: a web page/, /APIE_BASE_URL/],
    [
      "a redirection",
      { status: 301, headers: { location: "https://other/" } },
      /redirected to/,
      /APIE_BASE_URL/,
    ],
    ["429", { status: 429 }, /fewer requests/, /nothing is lost/],
    ["500", { status: 500 }, /fails by itself/, /status page/],
  ])("%s", async (_what, reply, message, remedy) => {
    const server = await startServer();
    server.fail("/v1/agents/identify", reply);
    const found = await examined(client(server));
    expect(found.of("apie").level).toBe("ok");
    expect(found.of("registration")).toMatchObject({
      level: "error",
      message: expect.stringMatching(message),
      remedy: expect.stringMatching(remedy),
    });
    expect(found.report).toMatchObject({ ok: false, registration: undefined });
  });

  test("everywhere the same refusal is told once", async () => {
    const server = await startServer();
    server.fail("/v1", { status: 401 });
    const found = await examined(client(server));
    expect(found.checks.filter((check) => ["apie", "registration", "events"].includes(check))).toEqual([
      "apie",
      "registration",
    ]);
  });

  test("what the agent says of itself", async () => {
    const server = await startServer();
    server.fail("/v1/agents/identify", { status: 422, body: { error: "owner_email: not an address" } });
    const found = await examined(client(server));
    expect(found.text("registration")).toMatch(
      /^error: .*owner_email: not an address.*correct agent, runtime/,
    );
  });

  test("another service that says 200 to everything", async () => {
    const server = await startServer();
    server.fail("/health", { body: { hello: "world" } });
    expect((await examined(client(server))).text("apie")).toMatch(/^error: .*not as Apie does/);
  });

  test("Apie that is not well", async () => {
    const server = await startServer();
    server.fail("/health", { body: { status: "error", database: "disconnected" } });
    const found = await examined(client(server));
    expect(found.text("apie")).toMatch(/^warning: .*status error, database disconnected/);
    expect(found.of("registration").level).toBe("ok");
  });
});

describe("not reached", () => {
  test("a port where nothing listens", async () => {
    const server = await startServer();
    await server.close();
    const found = await examined(client(server));
    expect(found.text("apie")).toMatch(/^error: .*nothing listens there \(.*ECONNREFUSED.* → start it/);
    // Nothing else is asked then.
    expect(found.all("registration")).toEqual([]);
    expect(found.all("events")).toEqual([]);
  });

  test("https to a server that speaks http", async () => {
    const server = await startServer();
    const found = await examined(client({ url: server.url.replace("http:", "https:") }));
    expect(found.text("apie")).toMatch(/^error: .*TLS is not spoken there.*http:\/\//);
  });

  test.each([
    ["ENOTFOUND", /DNS does not know the host/],
    ["EAI_AGAIN", /DNS does not know the host/],
    ["EHOSTUNREACH", /no way to the host/],
    ["ECONNRESET", /connection is cut/],
    ["CERT_HAS_EXPIRED", /certificate is not trusted.*NODE_EXTRA_CA_CERTS/],
    ["SELF_SIGNED_CERT_IN_CHAIN", /certificate is not trusted/],
    ["ERR_TLS_CERT_ALTNAME_INVALID", /certificate is for another host/],
    ["EWHATEVER", /cannot be reached.*check baseUrl/],
  ])("%s", async (code, says) => {
    const transport: Transport = async () => ({
      kind: "failure",
      sent: "notSent",
      message: `failed with ${code}`,
      code,
    });
    const found = await examined(client({ url: "https://apie.example" }, { transport }));
    expect(found.text("apie")).toMatch(says);
    expect(found.text("apie")).toContain(`(failed with ${code})`);
  });

  test("a server that accepts and never answers: the doctor ends in its time", async () => {
    const server = await startServer();
    server.fail("/", "hang");
    const apie = client(server);
    const started = performance.now();
    const found = await examined(apie, { timeoutMs: 1_000 });
    expect(performance.now() - started).toBeLessThan(3_000);
    expect(found.text("apie")).toMatch(/^error: .*does not answer in time \(no answer within/);
    server.release();
  });

  test.each(["/v1/agents/identify", "/v1/events/validate"])("%s is never answered", async (path) => {
    const server = await startServer();
    server.fail(path, "hang");
    const apie = client(server);
    const started = performance.now();
    const found = await examined(apie, { timeoutMs: 1_000 });
    expect(performance.now() - started).toBeLessThan(3_000);
    expect(found.of("apie").level).toBe("ok");
    expect(found.text(path === "/v1/events/validate" ? "events" : "registration")).toMatch(
      /does not answer in time \(no answer within/,
    );
    server.release();
  });

  test("what there was no time to see does not pass", async () => {
    const transport: Transport = () => {
      const until = performance.now() + 300;
      while (performance.now() < until);
      return new Promise(() => undefined);
    };
    const found = await examined(client({ url: "https://apie.example" }, { transport }), { timeoutMs: 200 });
    expect(found.text("apie")).toBe("error: not done within 200 ms → give it more time: timeoutMs");
  });

  test("a client that is shut down", async () => {
    const server = await startServer();
    const apie = client(server);
    await apie.shutdown();
    expect((await examined(apie)).text("apie")).toMatch(/^error: .*the client is shut down/);
  });
});

describe("events", () => {
  test.each<[what: string, Reply, level: string, says: RegExp]>([
    [
      "invalid",
      { body: { previews: [{ validation_status: "invalid", warnings: ["no such type"] }] } },
      "error",
      /no such type/,
    ],
    [
      "warned of",
      { body: { previews: [{ validation_status: "valid", warnings: ["deprecated"] }] } },
      "warning",
      /deprecated/,
    ],
    ["not looked at", { status: 404 }, "info", /no validation of events/],
    ["refused", { status: 403 }, "error", /may not do this/],
  ])("a sample that is %s", async (_what, reply, level, says) => {
    const server = await startServer();
    server.fail("/v1/events/validate", reply);
    const found = await examined(client(server));
    expect(found.of("events").level).toBe(level);
    expect(found.text("events")).toMatch(says);
    expect(found.of("registration").level).toBe("ok");
  });
});

describe("clocks", () => {
  const at = (offsetMs: number): Reply => ({
    headers: { date: new Date(Date.now() + offsetMs).toUTCString() },
    body: { status: "ok" },
  });
  test.each([
    [-600_000, /(599|60\d) s ahead of/],
    [600_000, /(599|600|59\d) s behind/],
  ])("Apie's is off by %i ms", async (offsetMs, says) => {
    const server = await startServer();
    server.fail("/health", at(offsetMs));
    expect((await examined(client(server))).text("clock")).toMatch(says);
    expect((await examined(client(server))).of("clock").level).toBe("warning");
  });

  test("Apie tells no time", async () => {
    const server = createServer((_request, response) => {
      response.sendDate = false;
      response.writeHead(200, { "content-type": "application/json" }).end('{"status":"ok"}');
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    cleanup(async () => server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect((await examined(client({ url }))).of("clock").level).toBe("info");
  });
});

test("switched off: nothing of Apie is asked, and no key is needed", async () => {
  const apie = new Apie({ enabled: false, agent: { key: "a", name: "A" } });
  const found = await examined(apie);
  expect(found.of("configuration").level).toBe("info");
  expect(found.checks).not.toContain("apie");
  expect(found.report).toMatchObject({ enabled: false, apiKeyConfigured: false, baseUrl: undefined });
});
