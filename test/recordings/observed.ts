/** What a recording Apie was told: runs, sessions and events, with the ids it gave. */
import type { RecordedRequest, RecordingApie, WireRecord } from "../support/recording-apie.ts";

export type Members = Record<string, unknown>;

export interface ObservedRun {
  /** Apie's id. */
  id: string;
  /** Every name of an agent found on the run. */
  names: ReadonlySet<string>;
  status: string | undefined;
  parentId: string | undefined;
  sessionId: string | undefined;
}

export interface Observed {
  runs: readonly ObservedRun[];
  /** Apie's id of each session, with everything that was sent about it. */
  sessions: ReadonlyMap<string, string>;
  events: readonly WireRecord[];
}

export const membersOf = (value: unknown): Members =>
  typeof value === "object" && value !== null ? (value as Members) : {};

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
const isText = (value: unknown): value is string => typeof value === "string";
const idGiven = (request: RecordedRequest): string => textOf(membersOf(request.answer).id) ?? "no id given";

const RUN_OPENED = /^\/v1\/runs$|^\/v1\/sessions\/([^/]+)\/runs$/;
const RUN_COMPLETED = /^\/v1\/runs\/([^/]+)\/complete$/;

export function observe(server: RecordingApie): Observed {
  const completions = new Map(
    server
      .to(RUN_COMPLETED)
      .map((request) => [RUN_COMPLETED.exec(request.path)?.[1], membersOf(request.body)] as const),
  );
  const runs = server.to(RUN_OPENED).map((request): ObservedRun => {
    const body = membersOf(request.body);
    const id = idGiven(request);
    const completed = membersOf(completions.get(id));
    const metadata = membersOf(body.metadata);
    const names = [
      metadata.agent_name,
      membersOf(completed.metadata).agent_name,
      membersOf(metadata.otel).span_name,
    ];
    return {
      id,
      names: new Set(names.filter(isText)),
      status: textOf(completed.status),
      parentId: textOf(body.parent_run_id),
      sessionId: RUN_OPENED.exec(request.path)?.[1],
    };
  });
  const sessions = new Map(
    server.to("/v1/sessions").map((request) => [idGiven(request), request.text] as const),
  );
  return { runs, sessions, events: server.events };
}

export const eventsOf = ({ events }: Observed, type: string): WireRecord[] =>
  events.filter((event) => event.type === type);

/** `trace/span` of the span an event was made of. */
export function spanOf(event: WireRecord): string {
  const { trace_id: traceId, span_id: spanId } = membersOf(membersOf(event.metadata).otel);
  return `${traceId}/${spanId}`;
}
