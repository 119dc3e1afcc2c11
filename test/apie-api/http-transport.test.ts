/** The built-in HTTP client: sockets, time, and what it knows of a request that failed. */

import type { AddressInfo } from "node:net";
import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createHttpTransport } from "../../src/apie-api/http-transport.ts";
import type { TransportRequest, TransportResult } from "../../src/config/index.ts";
import { cleanup, startServer } from "../support/client.ts";
import { stopNameServer } from "../support/name-server.ts";
import { until } from "../support/until.ts";
import { CERTIFICATE, KEY } from "./certificate.ts";

type Send = (more?: Partial<TransportRequest>) => Promise<TransportResult>;

function sender(baseUrl: string): Send {
  const transport = createHttpTransport();
  cleanup(async () => transport.close());
  return (more) =>
    transport.send({
      method: "POST",
      url: `${baseUrl}/v1/events`,
      headers: {},
      body: "{}",
      timeoutMs: 1_000,
      ...more,
    });
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => sockets.add(socket.on("error", () => undefined)));
  cleanup(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("sockets are kept and used again, and not kept longer than the server says", async () => {
  const server = await startServer();
  const send = sender(server.url);
  for (let index = 0; index < 5; index += 1) await send();
  expect(new Set(server.requests.map(({ connection }) => connection)).size).toBe(1);
  await Promise.all([send(), send(), send()]);
  await Promise.all([send(), send(), send()]);
  expect(new Set(server.requests.map(({ connection }) => connection)).size).toBe(3);
});

test("an answer with its status, headers and text", async () => {
  const server = await startServer();
  server.fail("/v1/events", {
    status: 207,
    headers: { "X-Request-Id": "r1", "set-cookie": "a=b" },
    text: '{"größe":1}',
  });
  expect(await sender(server.url)()).toMatchObject({
    kind: "response",
    status: 207,
    headers: { "x-request-id": "r1", "set-cookie": "a=b" },
    body: '{"größe":1}',
  });
  expect(server.requests[0]?.headers).toMatchObject({ "content-length": "2", connection: "keep-alive" });
  expect(server.requests[0]?.headers).not.toHaveProperty("transfer-encoding");
});

test.each(["http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1", "http://apie.invalid"])(
  "%s cannot be reached: nothing was sent",
  async (baseUrl) => {
    if (baseUrl.endsWith(".invalid")) stopNameServer();
    expect(await sender(baseUrl)()).toMatchObject({
      kind: "failure",
      sent: "notSent",
      code: expect.stringMatching(/ECONNREFUSED|ENOTFOUND|EADDRNOTAVAIL|EAFNOSUPPORT|ENETUNREACH/),
      message: expect.stringMatching(/.+/),
    });
  },
);

test("a connection that is cut before anything was said to it: it may have been read", async () => {
  const address = await listening(createTcpServer((socket) => socket.once("data", () => socket.destroy())));
  expect(await sender(`http://${address}`)()).toMatchObject({
    kind: "failure",
    sent: "unknown",
    code: "ECONNRESET",
  });
});

test("a server that never answers: timed out, and it may have been done", async () => {
  const server = await startServer();
  server.fail("/v1/events", "hang");
  const began = performance.now();
  expect(await sender(server.url)({ timeoutMs: 60 })).toEqual({
    kind: "failure",
    sent: "unknown",
    message: "no answer within 60 ms",
    code: "ETIMEDOUT",
  });
  expect(performance.now() - began).toBeLessThan(500);
  await until("the socket is gone", () => server.connections === 0);
});

test("a TLS handshake that never ends: nothing was sent", async () => {
  const address = await listening(createTcpServer());
  expect(await sender(`https://${address}`)({ timeoutMs: 60 })).toMatchObject({
    sent: "notSent",
    code: "ETIMEDOUT",
  });
});

test("a TLS handshake that is cut: nothing was sent", async () => {
  const address = await listening(createTcpServer((socket) => socket.once("data", () => socket.destroy())));
  expect(await sender(`https://${address}`)()).toMatchObject({ sent: "notSent" });
});

describe("over TLS", () => {
  async function tlsServer(
    answer: (socket: Socket) => void,
  ): Promise<{ url: string; requests: () => number }> {
    let requests = 0;
    const server = createTlsServer({ key: KEY, cert: CERTIFICATE }, (socket) => {
      socket.on("error", () => undefined);
      socket.on("data", () => {
        requests += 1;
        answer(socket);
      });
    });
    return { url: `https://${await listening(server)}`, requests: () => requests };
  }

  const ok = (socket: Socket): boolean => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");

  test("a certificate nobody vouches for: nothing was sent, and the message says why", async () => {
    const { url, requests } = await tlsServer(ok);
    expect(await sender(url)()).toMatchObject({
      sent: "notSent",
      code: "DEPTH_ZERO_SELF_SIGNED_CERT",
      message: expect.stringContaining("self-signed certificate"),
    });
    expect(requests()).toBe(0);
  });

  describe("with a certificate that is trusted", () => {
    beforeEach(() => {
      vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
      // Node warns of it, rightly.
      vi.spyOn(process, "emitWarning").mockReturnValue(undefined);
    });
    afterEach(() => {
      vi.unstubAllEnvs();
      vi.restoreAllMocks();
    });

    test("an answer", async () => {
      const { url } = await tlsServer(ok);
      expect(await sender(url)()).toMatchObject({ kind: "response", status: 200, body: "{}" });
    });

    test("a connection that is cut after the request: it may have been read, on a fresh socket and on a kept one", async () => {
      let answers = 1;
      const { url } = await tlsServer((socket) => {
        if (answers > 0) ok(socket);
        else socket.destroy();
        answers -= 1;
      });
      const send = sender(url);
      expect(await send()).toMatchObject({ status: 200 });
      expect(await send()).toMatchObject({ kind: "failure", sent: "unknown" });
      expect(await sender(url)()).toMatchObject({ kind: "failure", sent: "unknown" });
    });
  });
});

test("an answer that is no HTTP: it may have been done", async () => {
  const address = await listening(
    createTcpServer((socket) => socket.once("data", () => socket.end("hello\r\n\r\n"))),
  );
  expect(await sender(`http://${address}`)()).toMatchObject({
    kind: "failure",
    sent: "unknown",
    code: expect.stringMatching(/^HPE_/),
  });
});

test.each([
  [
    "a body that stops halfway",
    (socket: Socket) => socket.end("HTTP/1.1 201 Created\r\ncontent-length: 50\r\n\r\n{"),
  ],
  [
    "a body that is cut",
    (socket: Socket) =>
      socket.write("HTTP/1.1 201 Created\r\ncontent-length: 50\r\n\r\n{", () => socket.resetAndDestroy()),
  ],
  [
    "a body that never ends",
    (socket: Socket) => void socket.write("HTTP/1.1 201 Created\r\ncontent-length: 50\r\n\r\n{"),
  ],
])("%s: the server has decided all the same", async (_, answer) => {
  const address = await listening(createTcpServer((socket) => socket.once("data", () => answer(socket))));
  expect(await sender(`http://${address}`)({ timeoutMs: 80 })).toMatchObject({
    kind: "response",
    status: 201,
    body: "{",
    truncated: true,
  });
});

test("a drip of bytes does not hold the request longer than its time", async () => {
  const server = await startServer();
  server.fail("/v1/events", (response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write(" "), 5);
    response.on("close", () => clearInterval(timer));
  });
  const began = performance.now();
  expect(await sender(server.url)({ timeoutMs: 80 })).toMatchObject({
    kind: "response",
    status: 200,
    truncated: true,
  });
  expect(performance.now() - began).toBeLessThan(500);
});

test("an answer that is too long is cut, whatever it says", async () => {
  const server = await startServer();
  server.fail("/v1/events", { status: 500, text: "x".repeat(3_000_000) });
  const result = await sender(server.url)();
  expect(result).toMatchObject({ kind: "response", status: 500, truncated: true });
  expect((result as { body: string }).body.length).toBeLessThanOrEqual(1_048_576);
});

test("a redirect is an answer: it is not followed", async () => {
  const server = await startServer();
  server.fail("/v1/events", { status: 302, headers: { location: `${server.url}/elsewhere` } });
  expect(await sender(server.url)()).toMatchObject({
    status: 302,
    headers: { location: `${server.url}/elsewhere` },
  });
  expect(server.requests).toHaveLength(1);
});

test("its signal ends it", async () => {
  const server = await startServer();
  server.fail("/v1/events", "hang");
  const controller = new AbortController();
  const result = sender(server.url)({ signal: controller.signal });
  await server.received("/v1/events");
  controller.abort();
  expect(await result).toMatchObject({ kind: "failure", sent: "unknown", code: "ABORT_ERR" });
  expect(await sender(server.url)({ signal: controller.signal })).toMatchObject({
    sent: "notSent",
    code: "ABORT_ERR",
  });
  expect(server.requests).toHaveLength(1);
});

test.each([
  ["an address that is none", { url: "http://" }],
  ["a header that is none", { headers: { "x-bad": "a\nb" } }],
  ["a protocol it does not speak", { url: "ftp://127.0.0.1/" }],
])("%s: a failure, nothing was sent", async (_, more) => {
  const server = await startServer();
  expect(await sender(server.url)(more)).toMatchObject({
    kind: "failure",
    sent: "notSent",
    message: expect.stringMatching(/.+/),
  });
  expect(server.requests).toEqual([]);
});

test("a kept socket the server has closed meanwhile does not end the process, and the next request gets through", async () => {
  const server = await startServer();
  const send = sender(server.url);
  await send();
  server.dropConnections();
  const results = [await send(), await send()];
  expect(results.at(-1)).toMatchObject({ kind: "response", status: 200 });
});
