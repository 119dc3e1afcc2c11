import { request as httpRequest } from "node:http";
import { describe, expect, it } from "vitest";
import { call, get, post, rawRequest, sendEvents, startApie } from "./support.ts";

describe("the key", () => {
  it.each([
    ["POST", "/v1/runs", { agent_key: "a" }],
    ["POST", "/v1/events", { events: [] }],
    ["POST", "/v1/traces", {}],
    ["GET", "/api", undefined],
    ["GET", "/api/sessions", undefined],
    ["GET", "/api/stream", undefined],
    ["GET", "/v1/nothing", undefined],
  ])("is demanded by %s %s", async (method, path, body) => {
    const apie = await startApie({ key: "correct-key" });
    for (const headers of [{}, { authorization: "Bearer wrong" }, { authorization: "Basic correct-key" }]) {
      const answer = await call(apie, method, path, body, headers as Record<string, string>);
      expect(answer.status).toBe(401);
      expect(answer.headers.get("www-authenticate")).toBe("Bearer");
      expect(answer.body.error.code).toBe("unauthorized");
    }
  });

  it("opens everything when it is right", async () => {
    const apie = await startApie({ key: "correct-key" });
    const headers = { authorization: "Bearer correct-key" };
    expect((await post(apie, "/v1/runs", { agent_key: "a" }, headers)).status).toBe(201);
    expect((await post(apie, "/v1/traces", {}, headers)).status).toBe(200);
    expect((await get(apie, "/api/runs", headers)).items).toHaveLength(1);
  });

  it("is not asked for when none is set: any bearer token goes, and none", async () => {
    const apie = await startApie();
    expect((await sendEvents(apie)).status).toBe(200);
    expect(
      (await post(apie, "/v1/runs", { agent_key: "a" }, { authorization: "Bearer whatever" })).status,
    ).toBe(201);
  });
});

describe("the Host header on loopback", () => {
  it.each([
    "evil.example",
    "evil.example:4319",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "192.168.1.5",
  ])("%s is refused", async (host) => {
    const apie = await startApie();
    const answer = await rawRequest(apie, { path: "/api/sessions", headers: { host } });
    expect(answer.status).toBe(403);
    expect(JSON.parse(answer.body.toString()).error.code).toBe("forbidden_host");
  });

  it.each(["localhost", "LOCALHOST:9999", "127.0.0.1", "127.1.2.3:80", "[::1]:4319"])(
    "%s is taken",
    async (host) => {
      const apie = await startApie();
      expect((await rawRequest(apie, { path: "/api/sessions", headers: { host } })).status).toBe(200);
    },
  );

  it("is free where the server listens for other machines, behind its key", async () => {
    const apie = await startApie({ host: "0.0.0.0", key: "k" });
    expect(apie.url).toBe(`http://127.0.0.1:${apie.port}`);
    const headers = { host: "apie.internal", authorization: "Bearer k" };
    expect((await rawRequest(apie, { path: "/api/sessions", headers })).status).toBe(200);
  });
});

describe("the Origin header", () => {
  it.each(["https://evil.example", "http://localhost:1", "null", "http://127.0.0.1.evil.example"])(
    "%s is refused, and nothing is stored",
    async (origin) => {
      const apie = await startApie();
      const answer = await post(apie, "/v1/runs", { agent_key: "a" }, { origin });
      expect(answer.status).toBe(403);
      expect(answer.body.error.code).toBe("forbidden_origin");
      expect((await get(apie, "/api/runs")).items).toEqual([]);
    },
  );

  it("of the server itself is taken, and no answer carries CORS headers", async () => {
    const apie = await startApie();
    const answer = await post(apie, "/v1/runs", { agent_key: "a" }, { origin: apie.url });
    expect(answer.status).toBe(201);
    expect([...answer.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
    const preflight = await rawRequest(apie, {
      method: "OPTIONS",
      path: "/v1/runs",
      headers: { origin: "https://evil.example", "access-control-request-method": "POST" },
    });
    expect(preflight.status).toBe(403);
    expect(Object.keys(preflight.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
  });
});

describe("every answer", () => {
  it("carries a request id of its own", async () => {
    const apie = await startApie({ key: "k" });
    const answers = [
      await call(apie, "GET", "/"),
      await call(apie, "GET", "/api"),
      await call(apie, "PUT", "/v1/runs"),
    ];
    const ids = answers.map((answer) => answer.headers.get("x-request-id"));
    expect(ids.every((id) => /^req_[0-9a-f]{32}$/.test(id ?? ""))).toBe(true);
    expect(new Set(ids).size).toBe(3);
  });

  it("comes even when a client hangs up in the middle of its body", async () => {
    const errors: unknown[] = [];
    const apie = await startApie({ onError: (error) => errors.push(error) });
    await new Promise<void>((resolve) => {
      const sent = httpRequest(`${apie.url}/v1/runs`, {
        method: "POST",
        headers: { "content-type": "application/json", "content-length": "1000" },
      });
      sent.on("error", () => resolve());
      sent.write('{"agent_key"');
      sent.on("socket", (socket) =>
        socket.on("connect", () => setImmediate(() => sent.destroy(new Error("gone")))),
      );
    });
    expect((await get(apie, "/api/runs")).items).toEqual([]);
    expect(errors).toEqual([]);
  });
});
