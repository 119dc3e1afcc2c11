/** Responses whose body is still coming. */
import type { Progress } from "./progress.ts";
import { wrapReadable } from "./readable.ts";

/** One document, however it is sent. Lists of documents (`x-ndjson`, `jsonl`, `stream+json`) are streams. */
const JSON_DOCUMENT = /^application\/(?:(?!stream\+)[\w.-]+\+)?json\s*(?:;|$)/i;

/**
 * Whether a response is handed on as a stream. One that says its length, or is one JSON document, has been made whole by
 * then, and callers may never read it.
 */
export function isStreaming(response: Response): boolean {
  const { body, bodyUsed, headers, status } = response;
  if (body === null || body.locked || bodyUsed || headers.has("content-length")) return false;
  // What the constructor refuses cannot be made anew.
  return status >= 200 && status <= 599 && !JSON_DOCUMENT.test(headers.get("content-type") ?? "");
}

export function wrapResponse(response: Response, progress: Progress): Response {
  const { body, status, statusText, headers } = response;
  if (body === null) return response;
  const wrapped = new Response(wrapReadable(body, progress) as ConstructorParameters<typeof Response>[0], {
    status,
    statusText,
    headers,
  });
  // Members a Response cannot be made with.
  for (const name of ["url", "redirected", "type"] as const) {
    Object.defineProperty(wrapped, name, { value: response[name], configurable: true });
  }
  return wrapped;
}
