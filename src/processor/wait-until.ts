/**
 * Serverless platforms stop a process once its answers are given, unless a promise was handed to their `waitUntil`. They get
 * one for each root span, in the context of whoever started it: it is settled when that span has ended, the runs of its trace
 * are closed and what there is to tell of them has reached Apie.
 */
import { type Context, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { detached, detachedTimer } from "../apie-api/index.ts";
import type { ApieConfig } from "../config/index.ts";
import type { SpanLike } from "../model/span.ts";
import type { Hooks } from "./hooks.ts";

export interface WaitUntilParts {
  /** Must not reject. */
  flush: () => Promise<unknown>;
  /** Whether a run rooted in this trace waits for spans that have not ended. */
  hasOpenRuns: (traceId: string) => boolean;
}

/** Roots that never end must not fill the memory; the oldest is waited for no longer. */
const MAX_WAITING = 1_000;
/** By then a run whose root has ended is closed, whatever is open below it. */
const LONGEST_MS = 3_000;
const LOOK_MS = 50;

/** The platform's, as the user gave it. */
type Hook = NonNullable<ApieConfig["waitUntil"]>;

/** @returns `undefined` where no platform is to be asked. */
export function waitUntilOf(
  given: Hook | undefined,
  hooks: Hooks,
  parts: WaitUntilParts,
): WaitUntil | undefined {
  if (given === undefined) return undefined;
  return new WaitUntil((promise) => void hooks.call("waitUntil", undefined, () => given(promise)), parts);
}

export class WaitUntil {
  readonly #hook: Hook;
  readonly #parts: WaitUntilParts;
  /** By span: settles the promise that the platform has. */
  readonly #waiting = new Map<string, () => void>();

  /** @param hook must not throw. */
  constructor(hook: Hook, parts: WaitUntilParts) {
    this.#hook = hook;
    this.#parts = parts;
  }

  started(span: SpanLike, parentContext: unknown): void {
    const parent = trace.getSpanContext((parentContext as Context | undefined) ?? ROOT_CONTEXT);
    if (parent !== undefined && parent.isRemote !== true) return;
    const isDelivered = new Promise<void>((resolve) => this.#waiting.set(nameOf(span), resolve));
    if (this.#waiting.size > MAX_WAITING) this.#settle(this.#waiting.keys().next().value ?? "");
    this.#hook(isDelivered);
  }

  ended(span: SpanLike): void {
    const name = nameOf(span);
    if (!this.#waiting.has(name)) return;
    const { traceId } = span.spanContext();
    detached(() => void this.#delivered(traceId).finally(() => this.#settle(name)));
  }

  /** Nothing will be sent any more. */
  settleAll(): void {
    for (const name of [...this.#waiting.keys()]) this.#settle(name);
  }

  async #delivered(traceId: string): Promise<void> {
    await this.#parts.flush();
    if (!this.#parts.hasOpenRuns(traceId)) return;
    for (let waited = 0; waited < LONGEST_MS && this.#parts.hasOpenRuns(traceId); waited += LOOK_MS) {
      await new Promise<void>((resolve) => detachedTimer(LOOK_MS, resolve, { keepAlive: true }));
    }
    await this.#parts.flush();
  }

  #settle(name: string): void {
    this.#waiting.get(name)?.();
    this.#waiting.delete(name);
  }
}

function nameOf(span: SpanLike): string {
  const { traceId, spanId } = span.spanContext();
  return `${traceId}/${spanId}`;
}
