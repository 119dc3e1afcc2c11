/**
 * Holds a transport of the user's to what ours promises: it runs outside of the application's async context, is told when to
 * stop and not waited for when it does not, and neither throws nor answers nonsense.
 */
import type { Transport, TransportRequest, TransportResult } from "../config/index.ts";
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
  new Promise<TransportResult>((answered) => answered(given({ ...request, signal: controller.signal }))).then(
    (result) => settle(checked(result)),
    (cause: unknown) => settle(cut ?? thrown(cause)),
  );
}

function thrown(cause: unknown): Failure {
  const { message, code } =
    cause instanceof Error ? (cause as NodeJS.ErrnoException) : { message: String(cause) };
  // Whether it had sent anything is not known.
  return { kind: "failure", sent: "unknown", message: `transport failed: ${message}`, code };
}

/** JavaScript callers may give anything. */
function checked(result: TransportResult): TransportResult {
  const given = result as Partial<
    Record<keyof TransportResult | "status" | "headers" | "body", unknown>
  > | null;
  if (given?.kind === "failure") return result;
  if (given?.kind === "response" && Number.isInteger(given.status)) {
    return {
      ...(result as Extract<TransportResult, { kind: "response" }>),
      headers:
        typeof given.headers === "object" && given.headers !== null
          ? (given.headers as Record<string, string>)
          : {},
      body: typeof given.body === "string" ? given.body : "",
    };
  }
  return {
    kind: "failure",
    sent: "unknown",
    message:
      'transport failed: expected { kind: "response", status, headers, body } or { kind: "failure", sent, message }',
  };
}
