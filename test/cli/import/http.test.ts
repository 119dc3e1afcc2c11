/** Reads of a system that runs are imported from: what goes wrong there, and what is made of it. */
import type { ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import { type Asked, type ReadLimits, SourceHttp } from "../../../src/cli/import/http.ts";
import type { ApieError } from "../../../src/model/errors.ts";
import { type Fault, ForeignServer, type Reply, type Request } from "../../imports/servers/server.ts";

class PlainServer extends ForeignServer {
  protected override answer({ path }: Request): Reply {
    return path === "/thing" ? { body: { fine: true } } : { status: 404, body: { detail: "Not Found" } };
  }
}

const THING: Asked = { path: "/thing", what: "thing" };
const TOKEN = "s3cret-token-of-the-test";

async function reader(more: Partial<ReadLimits> = {}, token: string | null = TOKEN) {
  const server = await new PlainServer().listen();
  const notes: string[] = [];
  const auth: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
  const address = {
    baseUrl: server.url,
    what: "AgentOS",
    token: token ?? undefined,
    tokenVariable: "AGNO_API_TOKEN",
    auth,
  };
  const http = new SourceHttp(address, {
    timeoutMs: 5_000,
    firstWaitMs: 5,
    attempts: 3,
    tell: (note) => void notes.push(note),
    ...more,
  });
  const failure = (asked = THING): Promise<ApieError> =>
    http.json(asked).then(
      () => Promise.reject(new Error("it did not fail")),
      (error: ApieError) => error,
    );
  return { server, http, notes, failure };
}

test("the token goes with every read", async () => {
  const { server, http } = await reader();
  expect(await http.json(THING)).toEqual({ fine: true });
  expect(server.requests[0]?.headers).toMatchObject({
    authorization: `Bearer ${TOKEN}`,
    accept: "application/json",
  });
});

describe("is tried again, and then well", () => {
  const unwell: readonly (readonly [what: string, fault: Fault])[] = [
    ["500", { status: 500, body: { detail: "Internal Server Error" } }],
    [
      "502 of a proxy",
      { status: 502, headers: { "content-type": "text/html" }, text: "<h1>Bad Gateway</h1>" },
    ],
    ["429", { status: 429 }],
    ["a connection that is cut", "reset"],
    [
      "an answer that breaks off",
      (response) => {
        response.writeHead(200, { "content-type": "application/json", "content-length": "100" });
        response.write('{"fine":', () => response.destroy());
      },
    ],
  ];
  test.each(unwell)("%s", async (_, fault) => {
    const { server, http, notes } = await reader();
    server.fail(/thing/, fault, 2);
    expect(await http.json(THING)).toEqual({ fine: true });
    expect(server.requests).toHaveLength(3);
    expect(notes).toHaveLength(2);
    expect(notes.join()).toContain("trying again");
  });

  test("after the time that Retry-After asks for", async () => {
    const { server, http } = await reader();
    server.fail(/thing/, { status: 429, headers: { "retry-after": "0.3" } }, 1);
    const began = performance.now();
    await http.json(THING);
    expect(performance.now() - began).toBeGreaterThanOrEqual(295);
  });
});

describe("is told", () => {
  const forever = (response: ServerResponse): void => {
    response.writeHead(200, { "content-type": "application/json" });
    const timer = setInterval(() => response.write(" "), 10);
    response.on("close", () => clearInterval(timer));
  };
  const wrong: readonly (readonly [
    what: string,
    fault: Fault,
    limits: Partial<ReadLimits>,
    code: string,
    message: RegExp,
    requests: number,
  ])[] = [
    [
      "500 for good",
      { status: 500, body: { detail: "no database" } },
      {},
      "http_500",
      /answered 500 \(no database\)/,
      3,
    ],
    ["400", { status: 400, body: { detail: "bad type" } }, {}, "http_400", /answered 400 \(bad type\)/, 1],
    [
      "403",
      { status: 403, body: { detail: "Insufficient permissions" } },
      {},
      "http_403",
      /token in AGNO_API_TOKEN may not read this \(Insufficient permissions\)/,
      1,
    ],
    [
      "a wait of an hour",
      { status: 429, headers: { "retry-after": "3600" } },
      {},
      "http_429",
      /answered 429/,
      1,
    ],
    [
      "a page for people",
      { headers: { "content-type": "text/html" }, text: "<html>" },
      {},
      "not_json",
      /answered text\/html, which is no JSON: is it the address of AgentOS\?/,
      1,
    ],
    ["nothing", { text: "" }, {}, "not_json", /no JSON/, 1],
    [
      "too much",
      { text: JSON.stringify("x".repeat(2_000)) },
      { maxBytes: 1_000 },
      "too_large",
      /more than 1000 bytes/,
      1,
    ],
    ["no answer", "hang", { timeoutMs: 40 }, "timeout", /did not answer within 40 ms/, 3],
    [
      "a drip that never ends",
      forever,
      { timeoutMs: 40, attempts: 1 },
      "timeout",
      /took longer than 400 ms/,
      1,
    ],
    [
      "an answer that stands still",
      (response) => void response.writeHead(200).write("{"),
      { timeoutMs: 40, attempts: 1 },
      "timeout",
      /sent nothing more for 40 ms/,
      1,
    ],
    [
      "a circle of redirects",
      { status: 307, headers: { location: "/thing" } },
      {},
      "redirected",
      /leads nowhere/,
      6,
    ],
  ];
  test.each(wrong)("%s", async (_, fault, limits, code, message, requests) => {
    const { server, failure } = await reader(limits);
    server.fail(/thing/, fault);
    const error = await failure();
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(server.requests).toHaveLength(requests);
  });

  test("401: by the variable that the token comes from, and never by the token", async () => {
    const { server, failure } = await reader();
    server.fail(/thing/, { status: 401, body: { detail: `no such token: ${TOKEN}` } });
    const { message, code } = await failure();
    expect(code).toBe("http_401");
    expect(message).toContain("the token in AGNO_API_TOKEN is not accepted");
    expect(message).not.toContain(TOKEN);
    const without = await reader({}, null);
    without.server.fail(/thing/, { status: 401 });
    expect((await without.failure()).message).toContain("no token was given: set AGNO_API_TOKEN");
  });

  test("the token is in no message, whatever header repeats it", async () => {
    const { server, http, failure } = await reader();
    const headers = { "content-type": `text/${TOKEN}` };
    server.fail(/thing/, { status: 200, headers, text: "fine" });
    expect((await failure()).message).toMatch(/answered text\/\[redacted\], which is no JSON/);
    await expect(http.stream(THING)).rejects.toThrow(/answered text\/\[redacted\], no stream of events/);
  });

  test("404: by what is not there", async () => {
    const { server, failure } = await reader();
    const { message } = await failure({ path: "/sessions/s1/runs", what: "session s1" });
    expect(message).toBe(`AgentOS at ${server.url} has no session s1 (Not Found)`);
  });

  test("a server that is not there", async () => {
    const { server, failure } = await reader({ attempts: 1 });
    await server.close();
    expect(await failure()).toMatchObject({
      code: "network",
      message: expect.stringContaining("ECONNREFUSED"),
    });
  });
});

describe("redirects", () => {
  test("on the same host are followed, with the token", async () => {
    const { server, http } = await reader();
    server.fail(/^\/old/, { status: 307, headers: { location: "/thing" } });
    expect(await http.json({ path: "/old", what: "thing" })).toEqual({ fine: true });
    expect(server.to(/^\/thing$/)[0]?.headers.authorization).toBe(`Bearer ${TOKEN}`);
  });

  test("to another are not, so that it never sees the token", async () => {
    const other = await new PlainServer().listen();
    const { server, failure } = await reader();
    server.fail(/thing/, { status: 302, headers: { location: `${other.url}/thing` } });
    const error = await failure();
    expect(error).toMatchObject({ code: "redirected" });
    expect(error.message).toContain(`redirects to ${other.url}`);
    expect(error.message).toContain("--base-url");
    expect(other.requests).toEqual([]);
  });
});

test("a signal ends it, wherever it is", async () => {
  for (const fault of ["hang", { status: 503 }] as const) {
    const stopped = new AbortController();
    const { server, failure } = await reader({ signal: stopped.signal, firstWaitMs: 60_000, attempts: 9 });
    server.fail(/thing/, fault);
    const failed = failure();
    setTimeout(() => stopped.abort(), 30);
    expect(await failed).toMatchObject({ code: "stopped" });
    expect(server.requests).toHaveLength(1);
  }
});
