/** What an Apie was told, in short, for tests to compare whole. */
import { expect } from "vitest";
import { type Members, membersOf, observe } from "../../recordings/observed.ts";
import type { RecordedRequest, RecordingApie, WireRecord } from "../../support/recording-apie.ts";
import type { Watched } from "./world.ts";

export interface ToldRun {
  /** Names of agents found on it. */
  readonly agents: readonly string[];
  readonly status: string | undefined;
  /** The application's own id of the session; `null` where there is a session without. */
  readonly session?: unknown;
  /** Place of the parent among the runs. */
  readonly parent?: number;
  /** In their order, without `agent.`, with what they are about: `llm.called gpt-test`. */
  readonly events: readonly string[];
  /** Tokens of the whole run: input and output. */
  readonly tokens?: readonly [input: unknown, output: unknown];
}

function subjectOf(event: WireRecord): unknown {
  const { tool, method, server, model } = membersOf(event.payload_summary);
  if (event.type.startsWith("agent.llm.")) return model;
  if (event.type.startsWith("agent.mcp.")) return `${server} ${tool ?? method ?? ""}`.trim();
  return membersOf(event.tool).name;
}

const shortOf = (event: WireRecord): string =>
  [event.type.replace(/^agent\./, ""), subjectOf(event)].filter((part) => part !== undefined).join(" ");

const completionOf = (server: RecordingApie, run: string): Members => {
  const [request]: (RecordedRequest | undefined)[] = server.to(`/v1/runs/${run}/complete`);
  return membersOf(membersOf(request?.body).metadata);
};

/** Runs in the order they were opened. Every event belongs to one of them, and is numbered as it came. */
export function runsOf(server: RecordingApie): ToldRun[] {
  const { runs, sessions, events } = observe(server);
  const ids = runs.map(({ id }) => id);
  expect(events.filter((event) => !ids.includes(String(event.run_id)))).toEqual([]);
  return runs.map(({ id, names, status, sessionId, parentId }) => {
    const own = events.filter((event) => event.run_id === id);
    expect(own.map((event) => event.sequence_number)).toEqual(own.map((_event, index) => index + 1));
    const { input, output } = membersOf(completionOf(server, id).usage);
    const session =
      sessionId === undefined
        ? undefined
        : membersOf(membersOf(JSON.parse(sessions.get(sessionId) ?? "{}")).metadata);
    return {
      agents: [...names],
      status,
      ...(session === undefined ? {} : { session: session.session_id ?? null }),
      ...(parentId === undefined ? {} : { parent: ids.indexOf(parentId) }),
      events: own.map(shortOf),
      ...(input === undefined ? {} : { tokens: [input, output] as const }),
    };
  });
}

/** Sessions Apie was told of, by the application's ids. */
export const sessionsOf = (server: RecordingApie): unknown[] =>
  server.to("/v1/sessions").map(({ body }) => membersOf(membersOf(body).metadata).session_id ?? null);

/** The only event of a type. */
export function eventOf(server: RecordingApie, type: string): WireRecord {
  const [found, ...more] = server.eventsOf(type);
  if (found === undefined || more.length > 0)
    throw new Error(`not one ${type} in ${server.types.join(", ")}`);
  return found;
}

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);
const missingFrom = (server: RecordingApie, texts: readonly string[]): string[] =>
  texts.filter((text) => !server.everything.includes(inJson(text)));

/**
 * What was said stays here unless it is asked for, and then it is all there, but for secrets.
 * @param said texts of prompts, answers, arguments, results and errors
 * @param secrets parts of such texts that nobody is told
 */
export function expectContent(
  { quiet, open }: Watched,
  said: readonly string[],
  secrets: readonly string[] = [],
): void {
  const both = [...said, ...secrets];
  expect(missingFrom(quiet, both)).toEqual(both);
  expect(missingFrom(open, said)).toEqual([]);
  expect(missingFrom(open, secrets)).toEqual(secrets);
}
