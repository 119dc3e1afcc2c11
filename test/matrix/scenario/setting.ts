/** What every check works with: a leg's packages, and two servers that record. */
import type * as Library from "../../../src/index.ts";
import type { RecordedRequest, RecordingApie } from "../../support/recording-apie.ts";
import type { Load, Otel } from "./otel.ts";
import type { OtlpSink } from "./otlp-sink.ts";

export interface Setting {
  readonly load: Load;
  readonly otel: Otel;
  readonly library: typeof Library;
  readonly told: RecordingApie;
  readonly sink: OtlpSink;
}

export type Check = (setting: Setting) => Promise<void>;

/** Options of a client or processor; what it reports is kept. */
export function quick(
  { told }: Pick<Setting, "told">,
  problems: string[] = [],
  more: Library.ApieOptions = {},
): Library.ApieOptions {
  return {
    apiKey: "apie_sk_test_key",
    baseUrl: told.url,
    agent: { key: "support", name: "Support" },
    flushIntervalMs: 50,
    onError: (error) => void problems.push(`${error.code}: ${error.message}`),
    ...more,
  };
}

/** The id that Apie gave in answer. */
export const idGiven = (request: RecordedRequest | undefined): unknown =>
  (request?.answer as { id?: unknown } | undefined)?.id;
