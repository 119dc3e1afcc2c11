/** What tracking tells: which runs, sessions and work there are, in the order they are to reach Apie. */
import type { SpanNode } from "./node.ts";
import type { RunState } from "./run.ts";
import type { SessionState } from "./session.ts";

export interface TrackingOutput {
  sessionOpened(session: SessionState): void;
  sessionClosed(session: SessionState): void;
  runOpened(run: RunState): void;
  /** Everything of the run has been told. */
  runClosed(run: RunState): void;
  /** Work has begun; `node.opening` says what. Also told, with the start's time, when it is known only at the end. */
  workBegan(node: SpanNode): void;
  /** Work has ended; `node.closing` says how. */
  workEnded(node: SpanNode): void;
  /** A session failed for an error no run has told. */
  sessionFailed(session: SessionState, node: SpanNode): void;
}

export interface TrackingCounts {
  /** Spans that came after their run was closed. */
  late: number;
  /** Child runs whose parent is another process's, with no id of Apie's known: opened without it, named in metadata. */
  unknownParents: number;
  /** Spans in flight given up because there were too many. */
  evicted: number;
}
