/** The two encodings of OTLP/HTTP: what comes in becomes one shape, that of OTLP/JSON; answers go out in the request's. */
import protobuf from "protobufjs/light.js";
import { decodeText } from "../http/body.ts";
import { Refusal } from "../http/refusal.ts";
import { DESCRIPTOR } from "./descriptor.ts";

export type OtlpEncoding = "json" | "protobuf";

export const OTLP_MEDIA_TYPES: Readonly<Record<string, OtlpEncoding>> = {
  "application/json": "json",
  "application/x-protobuf": "protobuf",
};

const ROOT = protobuf.Root.fromJSON(DESCRIPTOR);
const REQUEST = ROOT.lookupType("ExportTraceServiceRequest");
const RESPONSE = ROOT.lookupType("ExportTraceServiceResponse");
const STATUS = ROOT.lookupType("RpcStatus");

/** Nesting of values within values; eight levels of JSON or so are one level of attribute. */
const MAX_JSON_DEPTH = 500;

/** A whole number in the text that a double cannot hold; quoted OTLP numbers never look like this. */
const LONG_NUMBER = /[:[,]\s*-?\d{16,}\s*[,}\]]/;

type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;

/** Times and integers may come as JSON numbers; those beyond 2^53 are kept as the text they were written in. */
const keepLongNumbers: Reviver = (_key, value, { source }) =>
  typeof value === "number" && !Number.isSafeInteger(value) && source !== undefined && /^-?\d+$/.test(source)
    ? source
    : value;

function decodeJson(bytes: Uint8Array): unknown {
  const text = decodeText(bytes, MAX_JSON_DEPTH);
  try {
    return LONG_NUMBER.test(text)
      ? JSON.parse(text, keepLongNumbers as (key: string, value: unknown) => unknown)
      : JSON.parse(text);
  } catch (error) {
    throw new Refusal(400, "malformed_otlp", `The body is not JSON: ${(error as Error).message}`);
  }
}

function decodeProtobuf(bytes: Uint8Array): unknown {
  try {
    // Bytes stay bytes: the reader of spans writes ids in hex and attribute values in base64.
    return REQUEST.toObject(REQUEST.decode(bytes), { longs: String });
  } catch (error) {
    throw new Refusal(
      400,
      "malformed_otlp",
      `The body is not an ExportTraceServiceRequest: ${(error as Error).message}`,
    );
  }
}

/** @throws Refusal 400 */
export const decodeRequest = (encoding: OtlpEncoding, bytes: Uint8Array): unknown =>
  encoding === "json" ? decodeJson(bytes) : decodeProtobuf(bytes);

/** The answer to a batch that was taken; `warning` goes as a partial success with nothing rejected. */
export function encodeResponse(
  encoding: OtlpEncoding,
  warning: string | undefined,
): string | Uint8Array<ArrayBuffer> {
  const body = warning === undefined ? {} : { partialSuccess: { rejectedSpans: "0", errorMessage: warning } };
  return encoding === "json"
    ? JSON.stringify(body)
    : new Uint8Array(RESPONSE.encode(RESPONSE.fromObject(body)).finish());
}

/** google.rpc.Code of an HTTP status. */
const RPC_CODES: Readonly<Record<number, number>> = { 400: 3, 401: 16, 403: 7, 413: 8, 415: 3 };

/** The answer to a batch that was refused: a google.rpc.Status, in JSON with this server's own error beside it. */
export function encodeRefusal(encoding: OtlpEncoding, refusal: Refusal): string | Uint8Array<ArrayBuffer> {
  const status = { code: RPC_CODES[refusal.status] ?? 2, message: refusal.message };
  return encoding === "json"
    ? JSON.stringify({ ...status, ...refusal.body() })
    : new Uint8Array(STATUS.encode(STATUS.fromObject(status)).finish());
}
