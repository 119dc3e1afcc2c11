/** The options of `startApie` beside those of the client. */
import { z } from "zod";
import type { ApieOptions } from "../config/index.ts";
import type { ConfigIssue } from "../model/errors.ts";
import type { SamplerLike } from "../sampling/index.ts";

export interface StartOptions extends Omit<ApieOptions, "forwardTo" | "tracerProvider"> {
  /**
   * Where spans go over OTLP/HTTP: an address and headers, or `false` for nowhere. Default: what `OTEL_TRACES_EXPORTER`,
   * `OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` says; nowhere when none of them is set.
   */
  otlp?: { url?: string | undefined; headers?: Record<string, string> | undefined } | false | undefined;
  /** `service.name` of the resource. Default: `OTEL_SERVICE_NAME`, else `OTEL_RESOURCE_ATTRIBUTES`, else the agent's key. */
  serviceName?: string | undefined;
  /** Further resource attributes. */
  resourceAttributes?: Record<string, string> | undefined;
  /** Default: `OTEL_TRACES_SAMPLER`. It is wrapped, so that agent runs reach Apie whatever it decides. */
  sampler?: SamplerLike | undefined;
}

const TEXTS = "expected an object of names and texts";
const texts = z.record(z.string(), z.string({ error: "expected text" }), { error: TEXTS }).optional();

const isSampler = (value: unknown): boolean =>
  typeof (value as { shouldSample?: unknown } | null | undefined)?.shouldSample === "function";

const address = z.strictObject({ url: z.url({ protocol: /^https?$/ }).optional(), headers: texts });
const isOtlp = (value: unknown): boolean => value === false || address.safeParse(value).success;

const schema = z.object({
  otlp: z
    .custom<unknown>(isOtlp, {
      error: 'expected { url: "http://localhost:4318/v1/traces", headers? }, or false',
    })
    .optional(),
  serviceName: z.string({ error: "expected text" }).trim().min(1, "expected text").optional(),
  resourceAttributes: texts,
  sampler: z
    .custom<SamplerLike>(isSampler, { error: "expected a Sampler (an object with shouldSample)" })
    .optional(),
});

/** What is wrong with these options; those of the client are checked by the client. */
export function startIssues(options: StartOptions): ConfigIssue[] {
  const { error } = schema.safeParse(options);
  return (error?.issues ?? []).map(({ path, message }) => ({ path: path.join("."), message }));
}
