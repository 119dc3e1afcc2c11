/** Spans of runs and sessions, as our bridge and others write them into metadata. */

type Metadata = Record<string, unknown> | null;

function hex(value: unknown, length: number): string | null {
  const isId = typeof value === "string" && value.length === length && /^[0-9a-f]+$/i.test(value);
  return isId ? value.toLowerCase() : null;
}

/** `metadata.otel.trace_id` and `.span_id`, in hex. */
export function spanOf(metadata: Metadata): { trace_id: string | null; span_id: string | null } {
  const otel = (metadata?.otel ?? {}) as { trace_id?: unknown; span_id?: unknown };
  return { trace_id: hex(otel.trace_id, 32), span_id: hex(otel.span_id, 16) };
}

/** Ids of the spans of an import are made of what the source calls a run or session: of the same one they are the same. */
export function importedAs(metadata: Metadata): string | null {
  if (metadata?.imported !== true) return null;
  const { trace_id, span_id } = spanOf(metadata);
  return trace_id === null || span_id === null ? null : `${trace_id}-${span_id}`;
}
