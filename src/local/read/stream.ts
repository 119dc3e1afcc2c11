/**
 * `GET /api/stream`: server-sent events that say what changed. Messages:
 * `hello` `{events_cursor}` first; `changes` `{changes: [{kind, id, …}]}`; `overflow` `{}` when this reader was too
 * slow to be told everything and should read anew; a comment now and then so that a dead connection is noticed.
 */
import type { ChangeBatch } from "../changes.ts";
import { Refusal } from "../http/refusal.ts";
import type { AppContext, Route } from "../http/route.ts";
import type { Services } from "../services.ts";

const HEARTBEAT_MS = 15_000;

const message = (event: string, data: unknown): string =>
  `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

function textOf(batch: ChangeBatch | undefined): string {
  if (batch === undefined) return ": still here\n\n";
  return batch.overflow ? message("overflow", {}) : message("changes", { changes: batch.changes });
}

function openStream(c: AppContext, services: Services): Response {
  const reader = services.changes.open();
  if (reader === undefined) {
    throw new Refusal(429, "too_many_streams", "Too many readers of changes are connected", {
      headers: { "retry-after": "5" },
    });
  }
  const gone = new AbortController();
  const signal = AbortSignal.any([gone.signal, services.closing]);
  const encoder = new TextEncoder();
  // Read only when the connection takes more: what a slow reader has not taken waits, bounded, in `reader`.
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(
        encoder.encode(message("hello", { events_cursor: String(services.store.events.lastSeq()) })),
      );
    },
    async pull(controller) {
      const batch = await reader.next(signal, HEARTBEAT_MS);
      if (!signal.aborted) return controller.enqueue(encoder.encode(textOf(batch)));
      services.changes.close(reader);
      if (!gone.signal.aborted) controller.close();
    },
    cancel() {
      gone.abort();
      services.changes.close(reader);
    },
  });
  return c.body(body, 200, { "content-type": "text/event-stream", "cache-control": "no-store" });
}

export const streamRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/stream",
    summary:
      "Server-sent events: hello, then ids of what changed (changes), or overflow when the reader was too slow",
    handle: openStream,
  },
];
