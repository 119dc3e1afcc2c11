/** The transport used when the user gives a `fetch`, for runtimes without node:http or with a proxy of their own. */
import type { FetchLike, Transport, TransportRequest, TransportResult } from "../config/index.ts";
import { MAX_RESPONSE_BYTES } from "./http-exchange.ts";

/** As far as it is used; `body` is there where there are streams. */
type Response = Awaited<ReturnType<FetchLike>> & { body?: unknown };

/** Failures that happen before a byte of the request can have been sent. */
const NOT_SENT = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"]);

/** To be used through a bounded transport, which gives the signal. */
export function createFetchTransport(fetchLike: FetchLike): Transport {
  return async (request) => {
    const headers: Record<string, string> = {};
    let status: number | undefined;
    try {
      const response = await fetchLike(request.url, init(request));
      status = response.status;
      response.headers.forEach((value, key) => {
        headers[key.toLowerCase()] = value;
      });
      const { text, isWhole } = await bodyOf(response);
      return { kind: "response", status, headers, body: text, ...(isWhole ? {} : { truncated: true }) };
    } catch (cause) {
      // Once the status line is here the server has decided; a body that is late or cut does not change that.
      if (status !== undefined) return { kind: "response", status, headers, body: "", truncated: true };
      return failure(cause);
    }
  };
}

/** As much of the answer as is read of any: a broken server must not fill the memory. */
async function bodyOf(response: Response): Promise<{ text: string; isWhole: boolean }> {
  // Not every `fetch` that is given has streams; then the text is there already, or will be, whatever we do.
  if (!(response.body instanceof ReadableStream)) {
    const text = await response.text();
    return { text: text.slice(0, MAX_RESPONSE_BYTES), isWhole: text.length <= MAX_RESPONSE_BYTES };
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body as ReadableStream<Uint8Array>) {
    size += chunk.byteLength;
    // Leaving the loop cancels the stream.
    if (size > MAX_RESPONSE_BYTES) break;
    chunks.push(chunk);
  }
  return { text: Buffer.concat(chunks).toString("utf8"), isWhole: size <= MAX_RESPONSE_BYTES };
}

function init(request: TransportRequest): Parameters<FetchLike>[1] & { redirect: "manual" } {
  return {
    method: request.method,
    headers: request.headers,
    ...(request.body === undefined ? {} : { body: request.body }),
    // What redirects has not been told who calls: following it would hand the key to another host.
    redirect: "manual",
    signal: request.signal ?? new AbortController().signal,
  };
}

/** `fetch` hides the reason one level down. */
function failure(cause: unknown): TransportResult {
  if (!(cause instanceof Error)) return { kind: "failure", sent: "unknown", message: String(cause) };
  const inner = cause.cause instanceof Error ? (cause.cause as NodeJS.ErrnoException) : undefined;
  const code = inner?.code ?? (cause as NodeJS.ErrnoException).code;
  const message = inner === undefined ? cause.message : `${cause.message}: ${inner.message || inner.code}`;
  return { kind: "failure", sent: NOT_SENT.has(code ?? "") ? "notSent" : "unknown", message, code };
}
