/**
 * Waits for a human: long polls in chunks, plain polls where those fail, until a decision, the deadline, or the caller's
 * signal. Nothing that goes wrong on the way ends the wait, and nothing but `approved` is ever taken for a yes.
 */
import { type Answer, type ApieClient, detachedTimer, joined, toError } from "../apie-api/index.ts";
import type { ApieError } from "../model/errors.ts";
import type { ApprovalState } from "../model/guard.ts";

export interface ApprovalWaiting {
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

export interface ApprovalsOptions {
  client: ApieClient;
  /** Called when asking fails, once a wait. Must not throw. */
  onProblem: (error: ApieError) => void;
  /** Between polls, in ms. Default 2,000. */
  pollMs?: number | undefined;
  /** Longest long poll, in ms; proxies cut what is silent for longer. Default 30,000. */
  chunkMs?: number | undefined;
}

const POLL_MS = 2_000;
const CHUNK_MS = 30_000;
/** A long poll is answered at its end: this much later, it is not coming. */
const CHUNK_GRACE_MS = 5_000;
/** Long polls under way at once, each on a connection of its own; more waits than that ask plainly. */
const MAX_LONG_POLLS = 32;
/** Plain polls a second, of all waits together: where there are many, each asks less often. */
const PLAIN_POLLS_A_SECOND = 50;
/** Long polls that may fail in a row before only plain ones are made. */
const MAX_FAILED_CHUNKS = 3;

const FINAL = ["approved", "rejected", "expired", "cancelled"] as const;

const PENDING: ApprovalState = { status: "pending", resolvedBy: undefined };
const TIMED_OUT: ApprovalState = { status: "timeout", resolvedBy: undefined };
const CANCELLED: ApprovalState = { status: "cancelled", resolvedBy: undefined };

/** Words that are not known leave the matter open: a state between is no decision. */
export function readApproval(fields: Readonly<Record<string, unknown>>): ApprovalState {
  const status = FINAL.find((word) => word === fields.status);
  if (status === undefined) return PENDING;
  const { resolved_by: by } = fields;
  return { status, resolvedBy: typeof by === "string" && by !== "" ? by : undefined };
}

export class Approvals {
  readonly #client: ApieClient;
  readonly #onProblem: (error: ApieError) => void;
  readonly #pollMs: number;
  readonly #chunkMs: number;
  #waiting = 0;
  #longPolls = 0;

  constructor({ client, onProblem, pollMs = POLL_MS, chunkMs = CHUNK_MS }: ApprovalsOptions) {
    this.#client = client;
    this.#onProblem = onProblem;
    this.#pollMs = pollMs;
    this.#chunkMs = chunkMs;
  }

  /** Never rejects. A client that is closed, or a signal that is given, cancels the wait. */
  async wait(approvalId: string, { timeoutMs, signal }: ApprovalWaiting): Promise<ApprovalState> {
    const cancel = joined(this.#client.closing, signal);
    this.#waiting += 1;
    try {
      return await this.#decision(approvalId, timeoutMs, cancel.signal);
    } finally {
      this.#waiting -= 1;
      cancel.release();
    }
  }

  /** How long one wait leaves between its polls. */
  get #intervalMs(): number {
    const plain = this.#waiting - this.#longPolls;
    return Math.max(this.#pollMs, (plain / PLAIN_POLLS_A_SECOND) * 1_000);
  }

  async #decision(approvalId: string, timeoutMs: number, cancel: AbortSignal): Promise<ApprovalState> {
    const deadline = performance.now() + timeoutMs;
    let failedChunks = 0;
    let wasTold = false;
    for (let mayLongPoll = true; ; ) {
      const asked = performance.now();
      if (cancel.aborted) return CANCELLED;
      if (asked >= deadline) return TIMED_OUT;
      const isLong = mayLongPoll && this.#longPolls < MAX_LONG_POLLS;
      const answer = await this.#ask(approvalId, isLong, deadline - asked, cancel);
      if (answer.kind === "ok") {
        const state = readApproval(answer.value);
        // A yes that comes after the caller has given up begins nothing any more.
        if (state.status !== "pending") return cancel.aborted ? CANCELLED : state;
        mayLongPoll = mayLongPoll || failedChunks < MAX_FAILED_CHUNKS;
        if (isLong && performance.now() - asked >= this.#pollMs) continue;
      } else {
        if (isLong) {
          failedChunks += 1;
          mayLongPoll = false;
        }
        if (!wasTold && !cancel.aborted && performance.now() < deadline) {
          wasTold = true;
          this.#onProblem(toError(answer, `waiting for approval ${approvalId}`));
        }
      }
      // Whatever was answered, and however fast: no server is asked more often than that.
      await pause(Math.min(asked + this.#intervalMs, deadline) - performance.now(), cancel);
    }
  }

  async #ask(
    approvalId: string,
    isLong: boolean,
    leftMs: number,
    signal: AbortSignal,
  ): Promise<Answer<Readonly<Record<string, unknown>>>> {
    if (!isLong) {
      // One that goes unanswered is asked again: it does not take the whole wait with it.
      const timeoutMs = Math.max(1, Math.min(leftMs, this.#client.timeoutMs));
      return this.#client.approval(approvalId, { timeoutMs, signal });
    }
    const chunk = Math.max(1, Math.min(leftMs, this.#chunkMs));
    this.#longPolls += 1;
    try {
      return await this.#client.waitForApproval(approvalId, chunk, {
        timeoutMs: Math.max(1, Math.min(leftMs, chunk + CHUNK_GRACE_MS)),
        signal,
      });
    } finally {
      this.#longPolls -= 1;
    }
  }
}

/** Keeps the process alive: the application waits. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      timer.cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = detachedTimer(ms, done, { keepAlive: true });
    signal.addEventListener("abort", done, { once: true });
  });
}
