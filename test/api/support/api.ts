/** Server, client and SDK for tests of the public API. What was written and sent is checked after each test. */
import { expect } from "vitest";
import type { Apie, ApieOptions } from "../../../src/index.ts";
import { cleanup, type Setup, setup } from "../../support/client.ts";
import type { OtelOptions } from "../../support/otel.ts";
import type { RecordedRequest, RecordingApie, WireRecord } from "../../support/recording-apie.ts";
import { SeenSpans } from "./seen-spans.ts";
import { expectSoundWire, openedId } from "./wire.ts";

export interface ApiSetup extends Setup {
  seen: SeenSpans;
}

/** As `setup`, with every span kept; after the test all of them conform, and all that was sent is sound. */
export async function apiSetup(options: ApieOptions = {}, otelOptions: OtelOptions = {}): Promise<ApiSetup> {
  const seen = new SeenSpans();
  let server: RecordingApie | undefined;
  cleanup(async () => {
    expect(seen.findings()).toEqual([]);
    if (server !== undefined) expectSoundWire(server);
  });
  const made = await setup(options, {
    ...otelOptions,
    processors: [seen, ...(otelOptions.processors ?? [])],
  });
  server = made.server;
  return { ...made, seen };
}

/** Delivers everything, and says so when something was not. */
export async function delivered(apie: Apie): Promise<void> {
  const report = await apie.flush();
  expect(report).toMatchObject({ ok: true, events: { rejected: 0, dropped: 0, pending: 0 }, reasons: {} });
}

type Fields = Record<string, unknown>;

/** Members every event has, whose values differ from run to run. */
const VARYING = new Set([
  "event_id",
  "timestamp",
  "run_id",
  "session_id",
  "agent_id",
  "agent_version_id",
  "sequence_number",
  "session_sequence_number",
  "parent_event_id",
  "caused_by_event_id",
]);

/** What an event says, without ids, numbers and times; measured durations are `"ms"`. */
function said(event: WireRecord): Fields {
  const { metadata, ...members } = event;
  const kept = Object.fromEntries(Object.entries(members).filter(([name]) => !VARYING.has(name)));
  const { otel, capture_source, ...own } = (metadata ?? {}) as Fields;
  expect(otel).toMatchObject({ convention: "apie", scope: "apie-otel" });
  expect(capture_source).toBe("otel_bridge");
  return timeless({ ...kept, ...(Object.keys(own).length === 0 ? {} : { metadata: own }) }) as Fields;
}

/** What all events say, in order of arrival. */
export function allSaid(server: RecordingApie): Fields[] {
  return server.events.map(said);
}

function timeless(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value as Fields).map(([name, member]) => {
    const isMeasured = name.endsWith("_ms") && typeof member === "number" && member >= 0;
    return [name, isMeasured ? "ms" : timeless(member)];
  });
  return Object.fromEntries(entries);
}

/** One run or session as Apie saw it: how it was opened and completed, and its events. */
export interface AtApie {
  id: string;
  path: string;
  opening: Fields;
  completion: Fields | undefined;
  events: WireRecord[];
  types: string[];
}

function atApie(server: RecordingApie, request: RecordedRequest, id: string): AtApie {
  const complete = server.requests.find(({ path }) => path.endsWith(`/${encodeURIComponent(id)}/complete`));
  const events = server.events.filter((event) => event.run_id === id);
  return {
    id,
    path: request.path,
    opening: request.body as Fields,
    completion: complete?.body as Fields | undefined,
    events,
    types: events.map(({ type }) => type),
  };
}

function openedAt(server: RecordingApie, path: RegExp): AtApie[] {
  return server.requests.flatMap((request) => {
    const id = openedId(request);
    return id !== undefined && path.test(request.path) ? [atApie(server, request, id)] : [];
  });
}

/** Runs in the order Apie opened them. */
export const runsAt = (server: RecordingApie): AtApie[] => openedAt(server, /\/runs$/);

export const sessionsAt = (server: RecordingApie): AtApie[] => openedAt(server, /\/sessions$/);

export function only<T>(list: readonly T[]): T {
  expect(list).toHaveLength(1);
  return list[0] as T;
}

/** Metadata of a body or an event. */
export const metadataOf = (of: Fields): Fields => (of.metadata ?? {}) as Fields;

/** Gives way to everything that waits already, `turns` times. */
export async function turns(count = 1): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}
