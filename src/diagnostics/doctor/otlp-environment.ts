/**
 * Where spans go over OTLP by the environment alone
 * (https://opentelemetry.io/docs/specs/otel/protocol/exporter/), for when no exporter is seen.
 */
import { createHttpTransport } from "../../apie-api/index.ts";
import type { OtlpSender } from "./exporters.ts";

type Environment = Readonly<Record<string, string | undefined>>;

interface Sending {
  sender?: OtlpSender;
  /** What names the address. */
  variable?: string;
  /** Why it cannot be tried. */
  problem?: string;
}

const REQUESTS: Readonly<Record<string, { type: string; body: string }>> = {
  // A message without fields is no bytes.
  "http/protobuf": { type: "application/x-protobuf", body: "" },
  "http/json": { type: "application/json", body: '{"resourceSpans":[]}' },
};

const said = (env: Environment, name: string): string | undefined => env[name]?.trim() || undefined;

export function environmentSender(env: Environment): Sending {
  const own = said(env, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
  const base = said(env, "OTEL_EXPORTER_OTLP_ENDPOINT");
  if (own === undefined && base === undefined) return {};
  const variable = own === undefined ? "OTEL_EXPORTER_OTLP_ENDPOINT" : "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
  const protocol =
    said(env, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") ??
    said(env, "OTEL_EXPORTER_OTLP_PROTOCOL") ??
    "http/protobuf";
  const request = REQUESTS[protocol];
  if (request === undefined)
    return {
      problem: `OTLP goes out as ${protocol}, which is tried only inside the service, by its own exporter`,
    };
  const url = own ?? `${base?.replace(/\/+$/, "")}/v1/traces`;
  const headers = {
    ...headersOf(said(env, "OTEL_EXPORTER_OTLP_HEADERS")),
    ...headersOf(said(env, "OTEL_EXPORTER_OTLP_TRACES_HEADERS")),
    "content-type": request.type,
  };
  return { variable, sender: senderTo(url, headers, request.body) };
}

function senderTo(url: string, headers: Record<string, string>, body: string): OtlpSender {
  return {
    url,
    async send(timeoutMs) {
      const transport = createHttpTransport();
      const result = await transport.send({ method: "POST", url, headers, body, timeoutMs });
      transport.close();
      if (result.kind === "failure") return { cause: result.code, message: result.message };
      const { status } = result;
      return status >= 200 && status < 300 ? undefined : { status, message: `HTTP ${status}` };
    },
  };
}

/** `name=value,…`, percent-encoded. What is not so is left out, as exporters do. */
function headersOf(text: string | undefined): Record<string, string> {
  const pairs = (text ?? "").split(",").flatMap((pair) => {
    const at = pair.indexOf("=");
    const [name, value] = [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
    return at > 0 && name !== "" ? [[name.toLowerCase(), decoded(value)] as const] : [];
  });
  return Object.fromEntries(pairs);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
