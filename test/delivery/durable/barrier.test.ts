/** `flush()` where there is a queue on disk: what it waits for, and for how long. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startServer } from "../../support/client.ts";
import type { RecordingApie } from "../../support/recording-apie.ts";
import { until } from "../../support/until.ts";
import { COMPLETING, EVENTS, flushed, numbered, run, taken, whole } from "../support.ts";
import { durable, folder, HAS_SQLITE } from "./support.ts";

/** Answers requests to a path with this in their body only once the returned function is called. */
function holding(server: RecordingApie, path: string, text: string): () => void {
  const waiting: (() => void)[] = [];
  const remove = server.rule((request) => {
    if (request.path !== path || !JSON.stringify(request.body).includes(text)) return undefined;
    return (response) => {
      waiting.push(() => response.writeHead(200, { "content-type": "application/json" }).end('{"id":"x"}'));
    };
  });
  return () => {
    remove();
    for (const answer of waiting) answer();
  };
}

describe.runIf(HAS_SQLITE)("flush", () => {
  test("waits for what is its own while files of ended processes are taken over one by one", async () => {
    const server = await startServer();
    const path = folder();
    const down = server.fail(EVENTS, { status: 503 });
    const before = ["a", "b", "c"].map((key) => {
      const sender = durable(server, path);
      whole(sender.delivery, run(key), 30);
      return sender;
    });
    for (const { delivery } of before) await delivery.shutdown(2_000);
    down();

    const open = holding(server, "/v1/runs", '"key":"new"');
    const { delivery } = durable(server, path);
    whole(delivery, run("new"), 50);
    let report: Awaited<ReturnType<typeof delivery.flush>> | undefined;
    const flushing = delivery.flush(10_000).then((result) => {
      report = result;
    });
    const second = delivery.flush(10_000);
    await until("all of theirs is sent", () => server.to(COMPLETING).length === 3);
    await until("all files are gone", () => delivery.storage?.adoptedFiles.length === 0);
    expect(report).toBeUndefined();
    open();
    await flushing;
    expect(report).toMatchObject({ ok: true, timedOut: false, events: { delivered: 140, pending: 0 } });
    expect(await second).toMatchObject({ ok: true, events: { pending: 0 } });
    expect(taken(server)).toEqual(expect.arrayContaining(numbered("new", 50)));
  });

  test("does not wait for a file that is taken over after it began", async () => {
    const server = await startServer();
    const path = folder();
    const left = durable(server, path);
    const { delivery } = durable(server, path, {}, { scanMs: 10 });
    const sendOld = holding(server, EVENTS, '"old/');
    const openOwn = holding(server, "/v1/runs", '"key":"own"');
    whole(left.delivery, run("old"), 3);
    await until("it is sent", () => server.to(EVENTS).length === 1);
    whole(delivery, run("own"), 2);
    const flushing = delivery.flush(10_000);
    await left.delivery.shutdown(50);
    await until("it is taken over", () => delivery.counters.events.pending === 5);
    openOwn();
    expect(await flushing).toMatchObject({ ok: true, timedOut: false, events: { delivered: 2, pending: 3 } });
    sendOld();
    await flushed(delivery);
    expect(delivery.counters.events).toMatchObject({ delivered: 5, pending: 0 });
  });

  test("ends with shutdown, which leaves the rest on disk", async () => {
    const server = await startServer();
    holding(server, "/v1/runs", '"key":"r"');
    const { delivery } = durable(server, join(folder(), "queue"));
    whole(delivery, run("r"), 3);
    const flushing = delivery.flush(60_000);
    expect(await delivery.shutdown(100)).toMatchObject({ ok: false, events: { pending: 3 } });
    expect(await flushing).toMatchObject({ ok: false, timedOut: false, events: { pending: 3 } });
  });
});
