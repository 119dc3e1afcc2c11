/** Spans as tracking is told of them. */
import type { Activity, ErrorFacts } from "../model/activity.ts";
import type { Scope } from "../model/scope.ts";

/** A span at its start, as far as tracking asks. */
export interface SpanStart {
  traceId: string;
  spanId: string;
  parentId: string | undefined;
  name: string;
  scopeName: string;
  scope: Scope | undefined;
  startMs: number;
  /** Nothing is known of it and its convention may show it later. */
  mayTurnOut: boolean;
  /** Session id found on a span that is no agent work itself. */
  sessionHint: string | undefined;
}

/** A span at its end. */
export interface SpanEnd {
  endMs: number;
  activity: Activity | undefined;
  /** The span's failure, for the case that no convention knows the span any more. */
  failure: ErrorFacts | undefined;
  droppedAttributes: number;
}
