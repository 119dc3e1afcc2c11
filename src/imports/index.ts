/** Runs that other systems have recorded, as spans, and those spans to Apie and to OpenTelemetry. */
export { type AgDevBundle, type AgDevContext, agDevRun } from "./agdev/index.ts";
export { type AgnoContext, agnoRuns } from "./agno/index.ts";
export { ApieImportError, type ImportIssue } from "./errors.ts";
export {
  type ImportDestination,
  ImportFollower,
  type ImportReport,
  type ImportSpansOptions,
  importSpans,
  type KnownIds,
} from "./import-spans.ts";
export { rebuild } from "./record.ts";
export type { ImportedSpan } from "./span.ts";
