import { describe, expect, it } from "vitest";
import { type Change, ChangeHub } from "../../src/local/changes.ts";
import type { LocalApie } from "../../src/local/index.ts";
import { get, type Json, openRun, openSession, post, sendEvents, startApie } from "./support.ts";

interface Message {
  readonly event: string;
  readonly data: Json;
}

/** Reads messages until the wanted one has come. */
async function* messages(apie: LocalApie): AsyncGenerator<Message, void, void> {
  const response = await fetch(`${apie.url}/api/stream`);
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  let text = "";
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    for (let end = text.indexOf("\n\n"); end !== -1; end = text.indexOf("\n\n")) {
      const fields = Object.fromEntries(
        text
          .slice(0, end)
          .split("\n")
          .map((line) => line.split(/: (.*)/s).slice(0, 2)),
      );
      text = text.slice(end + 2);
      if (fields.event !== undefined) yield { event: fields.event, data: JSON.parse(fields.data) };
    }
  }
}

/** The changes that come until one fits. */
async function changesUntil(
  stream: AsyncGenerator<Message>,
  last: (change: Change) => boolean,
): Promise<Change[]> {
  const seen: Change[] = [];
  while (!seen.some(last)) {
    const { value } = await stream.next();
    seen.push(...value.data.changes);
  }
  return seen;
}

describe("GET /api/stream", () => {
  it("tells ids of all that changes, after it can be read", async () => {
    const apie = await startApie();
    const stream = messages(apie);
    expect((await stream.next()).value).toEqual({ event: "hello", data: { events_cursor: "0" } });

    const session_id = await openSession(apie);
    const run_id = await openRun(apie, {}, session_id);
    await sendEvents(apie, { type: "agent.llm.called", run_id, event_id: "e1" });
    await post(apie, `/v1/sessions/${session_id}/handoffs`, {});
    await post(apie, `/v1/runs/${run_id}/complete`, { status: "completed" });
    const trace_id = "a".repeat(32);
    await post(apie, "/v1/traces", {
      resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: trace_id, spanId: "b".repeat(16) }] }] }],
    });
    const seen = await changesUntil(stream, (change) => change.kind === "span");
    expect(seen).toEqual(
      expect.arrayContaining([
        { kind: "session", id: session_id },
        { kind: "run", id: run_id, session_id },
        { kind: "agent", id: expect.stringMatching(/^agt_/) },
        { kind: "event", id: "e1", run_id, session_id },
        { kind: "handoff", id: expect.stringMatching(/^hof_/), session_id },
        { kind: "span", id: "b".repeat(16), trace_id },
      ]),
    );
    await stream.return();
  });

  it("says nothing of what was refused or was there already", async () => {
    const apie = await startApie();
    await sendEvents(apie, { type: "agent.llm.called", event_id: "e1" });
    const stream = messages(apie);
    const { events_cursor } = (await stream.next()).value?.data ?? {};
    await sendEvents(apie, { type: "agent.llm.called", event_id: "e1" });
    await sendEvents(apie, { type: "agent.llm.called", event_id: "bad", run_id: 5 });
    await sendEvents(apie, { type: "agent.llm.called", event_id: "e2" });
    const seen = await changesUntil(stream, (change) => change.id === "e2");
    expect(seen.filter((change) => change.kind === "event").map((change) => change.id)).toEqual(["e2"]);
    expect((await get(apie, `/api/events?cursor=${events_cursor}`)).items).toMatchObject([
      { event_id: "e2" },
    ]);
    await stream.return();
  });

  it("frees the place of a reader that goes, and has a bounded number of places", async () => {
    const apie = await startApie();
    const readers = await Promise.all(Array.from({ length: 64 }, () => fetch(`${apie.url}/api/stream`)));
    expect(readers.every((reader) => reader.status === 200)).toBe(true);
    const refused = await fetch(`${apie.url}/api/stream`);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "5"]);
    await readers[0]?.body?.cancel();
    await expect
      .poll(async () => {
        const reader = await fetch(`${apie.url}/api/stream`);
        return reader.status;
      })
      .toBe(200);
  });
});

describe("a slow reader", () => {
  const change = (id: number): Change => ({ kind: "event", id: `e${id}` });
  const never = new AbortController().signal;

  it("gets what happened meanwhile once per id", async () => {
    const hub = new ChangeHub();
    const reader = hub.open();
    for (let round = 0; round < 3; round++) hub.publish([change(1), change(2)]);
    expect(await reader?.next(never, 1_000)).toEqual({ overflow: false, changes: [change(1), change(2)] });
  });

  it("is told that it missed something instead of being remembered for without end", async () => {
    const hub = new ChangeHub();
    const reader = hub.open();
    for (let id = 0; id < 5_001; id++) hub.publish([change(id)]);
    hub.publish([change(1)]);
    expect(await reader?.next(never, 1_000)).toEqual({ overflow: true });
    hub.publish([change(7)]);
    expect(await reader?.next(never, 1_000)).toEqual({ overflow: false, changes: [change(7)] });
  });

  it("gets nothing when the time is over or the server closes", async () => {
    const hub = new ChangeHub();
    const reader = hub.open();
    expect(await reader?.next(never, 1)).toBeUndefined();
    const closing = new AbortController();
    const waiting = reader?.next(closing.signal, 60_000);
    closing.abort();
    expect(await waiting).toBeUndefined();
  });
});
