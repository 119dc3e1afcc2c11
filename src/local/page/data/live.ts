/** What changes on the server, told by one stream for the whole page. */
import { signal } from "@preact/signals";
import { EventSourceParserStream } from "eventsource-parser/stream";
import { open } from "./api.ts";
import { isKeyWanted } from "./key.ts";
import type { Change } from "./records.ts";

/** `undefined`: changes were missed, so all must be read again. */
export type Changes = readonly Change[] | undefined;
type Listener = (changes: Changes) => void;

/** Changes are told together, at most this often, so that a burst of events is one update of the screen. */
const BATCH_MS = 100;
const RETRY_MS = [250, 500, 1_000, 2_000] as const;

export const connection = signal<"connecting" | "live" | "lost">("connecting");

const listeners = new Set<Listener>();
let waiting: Change[] = [];
let isMissing = false;
let isDue = false;
let deliveredAt = Number.NEGATIVE_INFINITY;

function deliver(): void {
  isDue = false;
  deliveredAt = performance.now();
  const changes = isMissing ? undefined : waiting;
  waiting = [];
  isMissing = false;
  for (const listener of listeners) listener(changes);
}

function note(changes: Changes): void {
  if (changes === undefined) isMissing = true;
  else waiting.push(...changes);
  if (isDue) return;
  isDue = true;
  setTimeout(deliver, Math.max(0, deliveredAt + BATCH_MS - performance.now()));
}

/** @returns a function that ends it */
export function onChanges(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

async function follow(isFirst: boolean): Promise<void> {
  const gone = new AbortController();
  const bytes = await open("/api/stream", gone.signal);
  const messages = bytes
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .pipeThrough(new EventSourceParserStream());
  const reader = messages.getReader();
  connection.value = "live";
  // What came while nobody listened is read anew.
  if (!isFirst) note(undefined);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    if (value.event === "overflow") note(undefined);
    if (value.event === "changes") note((JSON.parse(value.data) as { changes: Change[] }).changes);
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** With a key that is refused, trying again waits for another one. */
const nextKey = (): Promise<void> =>
  new Promise((resolve) => {
    const stop = isKeyWanted.subscribe((isWanted) => {
      if (isWanted) return;
      queueMicrotask(() => stop());
      resolve();
    });
  });

/** Follows the stream for as long as the page is open; a lost connection is tried again. */
export async function startLive(): Promise<never> {
  let attempt = 0;
  for (let isFirst = true; ; isFirst = false) {
    try {
      await follow(isFirst && attempt === 0);
      attempt = 0;
    } catch {
      // Shown by `connection`; the requests of the views tell more.
      attempt++;
    }
    connection.value = "lost";
    if (isKeyWanted.value) await nextKey();
    else await pause(RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)] ?? 2_000);
  }
}
