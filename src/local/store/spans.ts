/** OTLP spans, one row per trace id and span id; resource and scope are stored once for all spans that share them. */
import { createHash } from "node:crypto";
import type { SpanBatch, SpanBody, SpanSource } from "../otlp/span-record.ts";
import { type Database, fromJson } from "./database.ts";
import { Conditions, type Cursor, type Page, pageOf } from "./paging.ts";

type SpanRow = Record<
  "trace_id" | "span_id" | "name" | "start" | "end" | "body" | "resource" | "scope" | "received_at",
  string
> & {
  seq: number;
  parent_span_id: string | null;
};

/** A span sent again is the same row; one that was sent while still open is replaced by its finished form. */
const UPSERT = `INSERT INTO spans (trace_id, span_id, parent_span_id, source_id, name, start_ns, end_ns, body, received_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (trace_id, span_id) DO UPDATE SET
    parent_span_id = excluded.parent_span_id, source_id = excluded.source_id, name = excluded.name,
    start_ns = excluded.start_ns, end_ns = excluded.end_ns, body = excluded.body, received_at = excluded.received_at
  WHERE excluded.end_ns > spans.end_ns`;

function presentSpan(row: SpanRow) {
  return {
    trace_id: row.trace_id,
    span_id: row.span_id,
    parent_span_id: row.parent_span_id,
    name: row.name,
    start_time_unix_nano: row.start,
    end_time_unix_nano: row.end,
    ...(fromJson(row.body) as SpanBody),
    resource: fromJson(row.resource) as SpanSource["resource"],
    scope: fromJson(row.scope) as SpanSource["scope"],
    received_at: row.received_at,
  };
}

export type StoredSpan = ReturnType<typeof presentSpan>;

export class SpanStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  #source({ resource, scope }: SpanSource): number {
    const texts = [JSON.stringify(resource), JSON.stringify(scope)] as const;
    const hash = createHash("sha256").update(texts.join("\n")).digest("hex");
    const known = this.#db.get<{ id: number }>("SELECT id FROM span_sources WHERE hash = ?", hash);
    if (known !== undefined) return known.id;
    const made = this.#db.get<{ id: number }>(
      "INSERT INTO span_sources (hash, resource, scope) VALUES (?, ?, ?) RETURNING id",
      hash,
      ...texts,
    );
    return (made as { id: number }).id;
  }

  /** Ids of the spans that were new, or replaced an unfinished form. */
  insert(batch: SpanBatch, now: string): { trace_id: string; span_id: string }[] {
    if (batch.spans.length === 0) return [];
    const source = this.#source(batch.source);
    return batch.spans.filter((span) => {
      const { trace_id, span_id, parent_span_id, name, start_time_unix_nano, end_time_unix_nano, ...body } =
        span;
      return (
        this.#db.run(
          UPSERT,
          trace_id,
          span_id,
          parent_span_id,
          source,
          name,
          BigInt(start_time_unix_nano),
          BigInt(end_time_unix_nano),
          JSON.stringify(body satisfies SpanBody),
          now,
        ) === 1
      );
    });
  }

  /** By start, then arrival. */
  ofTrace(traceId: string, limit: number, cursor: Cursor | undefined): Page<StoredSpan> {
    const where = new Conditions()
      .add("trace_id = ?", traceId)
      .add("(start_ns, seq) > (?, ?)", cursor?.[0], cursor?.[1]);
    const rows = this.#db.all<SpanRow>(
      `SELECT seq, trace_id, span_id, parent_span_id, name, CAST(start_ns AS TEXT) AS start, CAST(end_ns AS TEXT) AS end,
         body, resource, scope, received_at
       FROM spans JOIN span_sources ON span_sources.id = source_id
       ${where.sql} ORDER BY start_ns, seq LIMIT ?`,
      ...where.values,
      limit + 1,
    );
    return pageOf(rows, limit, (row) => [row.start, row.seq], presentSpan);
  }
}
