/** Bodies that are written into buffers which are used again: what was sent before must never be in them. */
import http, { createServer } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { exchange } from "../../src/apie-api/http-exchange.ts";
import { createHttpTransport } from "../../src/apie-api/http-transport.ts";
import { BodyBuffers, type LongBody } from "../../src/apie-api/long-body.ts";
import { cleanup } from "../support/client.ts";

function bodyOf(text: string): LongBody & { buffers: ArrayBufferLike[] } {
  const buffers: ArrayBufferLike[] = [];
  return {
    buffers,
    bytes: Buffer.byteLength(text) + 1,
    text: () => text,
    writeInto(buffer: Buffer) {
      buffers.push(buffer.buffer);
      return buffer.write(text, 0);
    },
  };
}

/** @param answersEarly with the headers of a request, before its body is read. */
async function startServer(answersEarly = false): Promise<{ url: string; bodies: string[] }> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    if (answersEarly) response.end("{}");
    request.on("error", () => undefined);
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      bodies.push(Buffer.concat(chunks).toString("utf8"));
      if (!answersEarly) response.end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanup(async () => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies };
}

function sender(url: string) {
  const transport = createHttpTransport();
  cleanup(async () => transport.close());
  return (body: LongBody) =>
    transport.send({ method: "POST", url, headers: { accept: "*/*" }, body, timeoutMs: 5_000 });
}

test("arrive as they are, whatever is in the buffer from before", async () => {
  const { url, bodies } = await startServer();
  const send = sender(url);
  const texts = ["ü€😀".repeat(20_000), "a".repeat(90_000), "{}", "é".repeat(40_000)];
  const sent = texts.map(bodyOf);
  for (const body of sent) expect(await send(body)).toMatchObject({ kind: "response", status: 200 });
  expect(bodies).toEqual(texts);
  // The last fits into what the first was written into; one that is short needs none.
  expect(sent[3]?.buffers[0]).toBe(sent[1]?.buffers[0]);
  expect(sent[2]?.buffers).toEqual([]);
});

test("under way at once have a buffer each", async () => {
  const { url, bodies } = await startServer();
  const send = sender(url);
  const texts = Array.from({ length: 12 }, (_, index) => String(index % 10).repeat(70_000));
  const sent = texts.map(bodyOf);
  await Promise.all(sent.map(send));
  expect(bodies.toSorted()).toEqual(texts.toSorted());
  expect(new Set(sent.map(({ buffers }) => buffers[0])).size).toBe(12);
});

test("that were answered before they were sent whole leave no buffer to be used again", async () => {
  const givenBack: number[] = [];
  class Watched extends BodyBuffers {
    override giveBack(buffer: Buffer): void {
      givenBack.push(buffer.length);
    }
  }
  const pool = { "http:": new http.Agent({ keepAlive: true }), "https:": new https.Agent() };
  cleanup(async () => pool["http:"].destroy());
  const agents = { delivery: pool, decisions: pool, approvals: pool, others: pool };
  const shared = { agents, buffers: new Watched(), cuts: new Set<() => void>(), headerLists: new WeakMap() };
  const send = (url: string, body: LongBody) =>
    new Promise((resolve) =>
      exchange({ method: "POST", url, headers: {}, body, timeoutMs: 5_000 }, shared, resolve),
    );
  const answered = { kind: "response", status: 200 };
  // More than the sockets of the system take in one go.
  const long = "a".repeat(20_000_000);
  expect(await send((await startServer(true)).url, bodyOf(long))).toMatchObject(answered);
  expect(givenBack).toEqual([]);
  expect(await send((await startServer()).url, bodyOf(long))).toMatchObject(answered);
  expect(givenBack).toHaveLength(1);
  expect(shared.cuts.size).toBe(0);
});

test("a few buffers are kept, and no large ones", () => {
  const buffers = new BodyBuffers();
  const many = Array.from({ length: 6 }, () => buffers.take(100_000));
  for (const buffer of many) buffers.giveBack(buffer);
  const again = new Set(Array.from({ length: 6 }, () => buffers.take(100_000)));
  expect(many.filter((buffer) => again.has(buffer)).length).toBe(4);
  const large = buffers.take(3_000_000);
  expect(large.length).toBeGreaterThanOrEqual(3_000_000);
  buffers.giveBack(large);
  expect(buffers.take(3_000_000) === large).toBe(false);
});
