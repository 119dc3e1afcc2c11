/**
 * Holds a transport of the user's to what ours promises: it runs outside of the application's async context, is told when to
 * stop and not waited for when it does not, and neither throws nor answers nonsense.
 */
import type { Transport, TransportRequest, TransportResult } from "../config/index.ts";
import { reasonOf } from "../model/errors.ts";
import { detached, detachedTimer, type Timer } from "./detached.ts";

type Failure = Extract<TransportResult, { kind: "failure" }>;

/** How long a transport may take to end by itself once its signal is given: it may know more than that it was cut. */
const GRACE_MS = 20;

export function createBoundedTransport(given: Transport): Transport {
  return (request) => new Promise((resolve) => detached(() => exchange(given, request, resolve)));
}

function exchange(
  given: Transport,
  request: TransportRequest,
  resolve: (result: TransportResult) => void,
): void {
  const controller = new AbortController();
  let cut: Failure | undefined;
  let grace: Timer | undefined;

  const settle = (result: TransportResult): void => {
    timer.cancel();
    grace?.cancel();
    request.signal?.removeEventListener("abort", onAbort);
    resolve(result);
  };
  const cutOff = (message: string, code: string): void => {
    if (cut !== undefined) return;
    const failure: Failure = { kind: "failure", sent: "unknown", message, code };
    cut = failure;
    controller.abort(Object.assign(new Error(message), { code }));
    grace = detachedTimer(GRACE_MS, () => settle(failure));
  };
  const onAbort = (): void => cutOff("aborted", "ABORT_ERR");

  const timer = detachedTimer(request.timeoutMs, () =>
    cutOff(`no answer within ${request.timeoutMs} ms`, "ETIMEDOUT"),
  );
  if (request.signal?.aborted === true) {
    settle({ kind: "failure", sent: "notSent", message: "aborted", code: "ABORT_ERR" });
    return;
  }
  request.signal?.addEventListener("abort", onAbort, { once: true });
  const own = { ...request, headers: { ...request.headers }, signal: controller.signal };
  new Promise<unknown>((answered) => answered(given(own)))
    .then(checked)
    .then(settle, (cause: unknown) => settle(cut ?? thrown(cause)));
}

function thrown(cause: unknown): Failure {
  const code = cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined;
  // Whether it had sent anything is not known.
  return { kind: "failure", sent: "unknown", message: `transport failed: ${reasonOf(cause)}`, code };
}

type Loose = Partial<Record<"kind" | "status" | "headers" | "body" | "truncated" | keyof Failure, unknown>>;

/** JavaScript callers may give anything. @throws what looking at it throws. */
function checked(result: unknown): TransportResult {
  const given = result as Loose | null | undefined;
  if (given?.kind === "failure") {
    return {
      kind: "failure",
      sent: given.sent === "notSent" ? "notSent" : "unknown",
      message: typeof given.message === "string" ? given.message : "transport failed",
      code: typeof given.code === "string" ? given.code : undefined,
    };
  }
  if (given?.kind === "response" && typeof given.status === "number" && Number.isInteger(given.status)) {
    return {
      kind: "response",
      status: given.status,
      headers: plainHeaders(given.headers),
      body: typeof given.body === "string" ? given.body : "",
      ...(given.truncated === true ? { truncated: true } : {}),
    };
  }
  return {
    kind: "failure",
    sent: "unknown",
    message:
      'transport failed: expected { kind: "response", status, headers, body } or { kind: "failure", sent, message }',
  };
}

/** Names in lower case, values as text: `{ "Retry-After": 5 }` is what other clients give. */
function plainHeaders(given: unknown): Record<string, string> {
  if (typeof given !== "object" || given === null) return {};
  const entries = given instanceof Headers ? [...given] : Object.entries(given);
  return Object.fromEntries(
    entries
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
}
