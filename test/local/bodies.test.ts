/** All bodies that are being read at one time, together: a bound on the memory that many clients can make the server take. */
import { connect, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";
import { type LocalApie, startLocalApie } from "../../src/local/index.ts";
import { ApieConfigError } from "../../src/model/errors.ts";
import { get, post, rawRequest, startApie } from "./support.ts";

const KB = 1_000;

/** A request whose body comes to a halt before its end. */
function halfSent(apie: LocalApie, bytes: number): Socket {
  const socket = connect(apie.port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.write(
    `POST /v1/runs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${bytes + 1}\r\n\r\n`,
  );
  socket.write(Buffer.alloc(bytes, "x"));
  onTestFinished(() => void socket.destroy());
  return socket;
}

const sendRun = (apie: LocalApie, bytes: number) =>
  post(apie, "/v1/runs", { agent_key: "a", input_summary: "x".repeat(bytes) });

const startSmall = () =>
  startApie({ maxBodyBytes: 100 * KB, maxOtlpBodyBytes: 100 * KB, maxTotalBodyBytes: 200 * KB });

describe("bodies that are being read", () => {
  it("take so much together; more is answered 503, small ones go on, and there is room again when others are done", async () => {
    const apie = await startSmall();
    const halves = [halfSent(apie, 90 * KB), halfSent(apie, 90 * KB)];
    await expect.poll(async () => (await sendRun(apie, 50 * KB)).status).toBe(503);

    const refused = await sendRun(apie, 50 * KB);
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(refused.body.error).toMatchObject({
      code: "too_many_bodies",
      message: expect.stringContaining("send this one again"),
    });
    expect((await sendRun(apie, 5 * KB)).status).toBe(201);

    // What a small body inflates to counts, and OTLP is told in its own words.
    const bomb = gzipSync(JSON.stringify({ resourceSpans: [], x: "x".repeat(60 * KB) }));
    const headers = { "content-type": "application/json", "content-encoding": "gzip" };
    const otlp = await rawRequest(apie, { method: "POST", path: "/v1/traces", headers, body: bomb });
    expect([otlp.status, otlp.headers["retry-after"]]).toEqual([503, "1"]);
    expect(JSON.parse(otlp.body.toString())).toMatchObject({ message: expect.stringContaining("again") });

    const before = (await get(apie, "/api/runs?limit=500")).items.length;
    for (const socket of halves) socket.destroy();
    await expect.poll(async () => (await sendRun(apie, 50 * KB)).status).toBe(201);
    expect((await get(apie, "/api/runs?limit=500")).items.length).toBe(before + 1);
  });

  it("give back what they took, however they end", async () => {
    const apie = await startSmall();
    for (let round = 0; round < 5; round++) {
      const headers = { "content-type": "application/json" };
      const whole = JSON.stringify({ agent_key: "a", input_summary: "x".repeat(90 * KB) });
      const bodies: [string | Buffer, Record<string, string>, number][] = [
        [whole, headers, 201],
        [whole.slice(0, -1), headers, 400],
        [gzipSync(whole), { ...headers, "content-encoding": "gzip" }, 201],
        [gzipSync("x".repeat(200 * KB)), { ...headers, "content-encoding": "gzip" }, 413],
        [whole, { ...headers, "content-encoding": "gzip" }, 400],
        [whole + whole, { ...headers, "transfer-encoding": "chunked" }, 413],
      ];
      for (const [body, sent, status] of bodies) {
        const answer = await rawRequest(apie, { method: "POST", path: "/v1/runs", headers: sent, body });
        expect(answer.status).toBe(status);
      }
    }
  });

  it("must have room for the largest of them", async () => {
    const failure = await startLocalApie({ maxTotalBodyBytes: 1_000_000 }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ApieConfigError);
    expect((failure as ApieConfigError).issues).toEqual([
      { path: "maxTotalBodyBytes", message: expect.stringContaining("maxOtlpBodyBytes") },
    ]);
  });
});
