/** One run of ag.dev while its spans are put together. */
import type { RunTrace } from "../run-trace.ts";
import type { AgDevDocument } from "./document.ts";
import type { RunStatus } from "./status.ts";
import type { ToolKind } from "./tools.ts";

export interface Building {
  readonly document: AgDevDocument;
  readonly status: RunStatus;
  readonly trace: RunTrace;
  /** In span names. */
  readonly agent: string;
  readonly toolKind: (name: string) => ToolKind;
}
