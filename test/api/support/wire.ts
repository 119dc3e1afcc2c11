/** What is asked of everything a client sends, whatever was told to it. */
import { expect } from "vitest";
import { validateEvents } from "../../../src/events/index.ts";
import type { RecordedRequest, RecordingApie, WireRecord } from "../../support/recording-apie.ts";

type Fields = Record<string, unknown>;

const UUID = /^[\da-f]{8}-[\da-f]{4}-[1-8][\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

/** What was captured of prompts, answers, arguments and results is the application's, nulls included. */
const CONTENT = /\.(?:metadata|payload_summary)\.(?:input|output|instructions|arguments|result)$/;

/** Paths of members that are null. Lists of the application's may hold some. */
function nulls(value: unknown, path = ""): string[] {
  if (value === null) return [path];
  if (typeof value !== "object" || CONTENT.test(path)) return [];
  return Object.entries(value as Fields).flatMap(([key, member]) =>
    Array.isArray(value) && member === null ? [] : nulls(member, `${path}.${key}`),
  );
}

/**
 * Every event is well formed, is sent once, is numbered in order and belongs to a run Apie opened before it and not
 * completed; nothing on the wire is null.
 */
export function expectSoundWire(server: RecordingApie): void {
  expect(server.requests.flatMap(({ path, body }) => nulls(body, path))).toEqual([]);
  const { results } = validateEvents(server.events);
  expect(results.filter(({ valid }) => !valid)).toEqual([]);
  const ids = server.events.map((event) => event.event_id);
  expect(ids.filter((id) => !UUID.test(String(id)))).toEqual([]);
  expect(new Set(ids).size).toBe(ids.length);
  expectOrder(server);
}

function expectOrder(server: RecordingApie): void {
  const completed = new Set<unknown>();
  const opened = new Set<unknown>();
  const openedHere = new Set<unknown>(server.requests.map(openedId));
  const lastOfRun = new Map<unknown, number>();
  const inSession = new Map<unknown, Set<unknown>>();
  for (const request of server.requests) {
    const complete = /^\/v1\/(?:runs|sessions)\/([^/]+)\/complete$/.exec(request.path);
    if (complete !== null) completed.add(decodeURIComponent(complete[1] ?? ""));
    opened.add(openedId(request));
    for (const event of eventsOf(request)) {
      const { run_id: run, session_id: session, type } = event;
      expect(completed.has(run), `${type} after ${run} was completed`).toBe(false);
      expect(openedHere.has(run) && !opened.has(run), `${type} before ${run} was opened`).toBe(false);
      if (run !== undefined) {
        const next = (lastOfRun.get(run) ?? 0) + 1;
        expect(event.sequence_number, `number of ${type} in ${run}`).toBe(next);
        lastOfRun.set(run, next);
      }
      if (session === undefined) continue;
      // A session that another process has opened is numbered there.
      if (event.session_sequence_number === undefined && !openedHere.has(session)) continue;
      const numbers = inSession.get(session) ?? new Set();
      inSession.set(session, numbers);
      expect(numbers.has(event.session_sequence_number), `${type} has a number of its own`).toBe(false);
      numbers.add(event.session_sequence_number);
    }
  }
}

/** Id of the run or session a request opened. */
export function openedId({ path, answer }: RecordedRequest): string | undefined {
  const isOpening = /^\/v1\/(?:runs|sessions|sessions\/[^/]+\/runs)$/.test(path);
  return isOpening ? (answer as { id?: string } | undefined)?.id : undefined;
}

function eventsOf({ path, body, status }: RecordedRequest): WireRecord[] {
  const isTaken = path === "/v1/events" && status !== undefined && status < 300;
  return isTaken ? (body as { events: WireRecord[] }).events : [];
}
