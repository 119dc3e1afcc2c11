/**
 * The exporters behind span processors, and a look at where those of OTLP send to. None of this is part of the OpenTelemetry
 * API: it stands where the exporters of SDK 1.30, 2.x and 3.x keep it.
 */
export interface FoundExporter {
  /** Name of its class. */
  readonly name: string;
  readonly exporter: object;
}

const MAX_DEPTH = 8;

interface Insides {
  _exporter?: unknown;
  _spanProcessors?: unknown;
}

/**
 * @param processors of a provider.
 * @param forwardTo the processor behind ours.
 */
export function exportersBeside(processors: readonly object[], forwardTo: unknown): FoundExporter[] {
  return [...processors, forwardTo].flatMap((processor) => exportersOf(processor, 0));
}

function exportersOf(processor: unknown, depth: number): FoundExporter[] {
  if (typeof processor !== "object" || processor === null || depth > MAX_DEPTH) return [];
  const { _exporter: exporter, _spanProcessors: several } = processor as Insides;
  if (Array.isArray(several)) return several.flatMap((one) => exportersOf(one, depth + 1));
  if (typeof exporter !== "object" || exporter === null) return [];
  return [{ name: exporter.constructor?.name || "an exporter", exporter }];
}

export interface OtlpSender {
  /** As the exporter has it; undefined when it does not show it. */
  readonly url: string | undefined;
  /** Sends a request with no spans in it, once. Resolves with the failure, or nothing. Rejects never. */
  send(timeoutMs: number): Promise<SendFailure | undefined>;
}

export interface SendFailure {
  readonly status?: number | undefined;
  readonly cause?: string | undefined;
  readonly message: string;
}

interface Transport {
  /** Of one that tries again. */
  _transport?: Transport;
  _parameters?: { url?: unknown; address?: unknown };
  send?(data: Uint8Array, timeoutMs: number): Promise<{ status: string; error?: unknown }>;
}

interface Delegate {
  _transport?: Transport;
  _serializer?: { serializeRequest?(spans: readonly unknown[]): Uint8Array | undefined };
}

/** @returns nothing when the exporter is not of OTLP, or built otherwise. */
export function otlpSenderOf(exporter: object): OtlpSender | undefined {
  const { _delegate: delegate } = exporter as { _delegate?: Delegate };
  let transport = delegate?._transport;
  for (let depth = 0; transport?._transport !== undefined && depth < MAX_DEPTH; depth += 1)
    transport = transport._transport;
  const serializer = delegate?._serializer;
  if (typeof transport?.send !== "function" || typeof serializer?.serializeRequest !== "function")
    return undefined;
  const { url, address } = transport._parameters ?? {};
  const shown = url ?? address;
  const sender = transport;
  return {
    url: typeof shown === "string" ? shown : undefined,
    async send(timeoutMs) {
      try {
        const body = serializer.serializeRequest?.([]);
        const answer = await sender.send?.(body ?? new Uint8Array(), timeoutMs);
        return answer?.status === "success" ? undefined : failureOf(answer?.error, answer?.status);
      } catch (cause) {
        return failureOf(cause, undefined);
      }
    },
  };
}

/** The errors of exporters carry an HTTP status, a gRPC status, or Node's code, under one name. */
function failureOf(error: unknown, status: string | undefined): SendFailure {
  const { code, message, cause, details } = (error ?? {}) as Record<
    "code" | "message" | "cause" | "details",
    unknown
  >;
  const inner = (cause as { code?: unknown } | undefined)?.code;
  const said = [details, message].find((text): text is string => typeof text === "string" && text !== "");
  const text = (said ?? status ?? "failed").replace(/\s+/g, " ").slice(0, 300);
  if (typeof code === "number" && code >= 100) return { status: code, message: `HTTP ${code}: ${text}` };
  const word = [code, inner].find((one): one is string => typeof one === "string");
  const spoken = word ?? Object.keys(GRPC_CAUSES).find((name) => text.includes(name));
  return { cause: spoken === undefined ? undefined : (GRPC_CAUSES[spoken] ?? spoken), message: text };
}

/** gRPC tells Node's code in its text only. */
const GRPC_CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "ECONNREFUSED",
  ENOTFOUND: "ENOTFOUND",
  EAI_AGAIN: "EAI_AGAIN",
  ECONNRESET: "ECONNRESET",
  "timed out": "ETIMEDOUT",
  "Request Timeout": "ETIMEDOUT",
  "Name resolution failed": "ENOTFOUND",
  "Deadline exceeded": "ETIMEDOUT",
};
