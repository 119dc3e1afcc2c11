/** `POST /v1/traces`: an OTLP/HTTP receiver for any OpenTelemetry SDK or Collector. */
import { mediaType, readBody } from "../http/body.ts";
import { Refusal } from "../http/refusal.ts";
import type { AppContext, Route } from "../http/route.ts";
import { entryOf } from "../members.ts";
import type { Services } from "../services.ts";
import {
  decodeRequest,
  encodeRefusal,
  encodeResponse,
  OTLP_MEDIA_TYPES,
  type OtlpEncoding,
} from "./encoding.ts";
import { readSpans } from "./read-spans.ts";

async function storeTraces(
  c: AppContext,
  services: Services,
  encoding: OtlpEncoding,
): Promise<string | undefined> {
  const { batches, warning } = await readBody(c, services, services.settings.maxOtlpBodyBytes, (bytes) =>
    readSpans(decodeRequest(encoding, bytes)),
  );
  const now = services.timestamp();
  const stored = services.store.transaction(() =>
    batches.flatMap((batch) => services.store.spans.insert(batch, now)),
  );
  services.changes.publish(stored.map(({ trace_id, span_id }) => ({ kind: "span", id: span_id, trace_id })));
  return warning;
}

async function receiveTraces(c: AppContext, services: Services): Promise<Response> {
  const type = mediaType(c);
  const encoding = entryOf(OTLP_MEDIA_TYPES, type);
  if (encoding === undefined) {
    throw new Refusal(
      415,
      "unsupported_media_type",
      `content-type must be application/json or application/x-protobuf, not ${type || "absent"}`,
    );
  }
  c.header("content-type", type);
  try {
    return c.body(encodeResponse(encoding, await storeTraces(c, services, encoding)));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return c.body(encodeRefusal(encoding, error), error.status, { ...error.headers });
  }
}

export const otlpRoutes: readonly Route[] = [
  {
    method: "POST",
    path: "/v1/traces",
    summary: "OTLP/HTTP trace receiver: JSON or protobuf, plain, gzip or deflate",
    handle: receiveTraces,
  },
];
