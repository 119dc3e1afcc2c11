/** The guardrails of a client, and what application code asks of approvals. */
import { toError } from "../apie-api/index.ts";
import type { ApieConfig } from "../config/index.ts";
import { Guardrails, readApproval } from "../guardrails/index.ts";
import { idOf, members, signalOf } from "../instrument/index.ts";
import { ApieError } from "../model/errors.ts";
import type { ApprovalWait } from "../model/guard.ts";
import type { Pipeline } from "../processor/index.ts";
import type { ApprovalCalls } from "./groups.ts";

/** @param pipeline absent while the client is switched off: then nothing is evaluated. */
export function guardrailsOf(config: ApieConfig, pipeline: Pipeline | undefined): Guardrails | undefined {
  if (pipeline === undefined) return undefined;
  const { client, reporter, redactor } = pipeline;
  return new Guardrails({
    ...config,
    isOnByDefault: config.guardsTools,
    client,
    reporter,
    shown: (text) => redactor.secrets(text),
  });
}

export function approvalCalls(
  guardrails: Guardrails | undefined,
  pipeline: Pipeline | undefined,
): ApprovalCalls {
  return {
    async getStatus(approvalId) {
      const id = approvalIdOf("approvals.getStatus", approvalId);
      if (pipeline === undefined) throw disabled("approvals.getStatus");
      const answer = await pipeline.client.approval(id);
      if (answer.kind !== "ok") throw toError(answer, "approvals.getStatus");
      return readApproval(answer.value);
    },
    async wait(input) {
      const given = members(input);
      const id = approvalIdOf("approvals.wait", given.approvalId);
      if (guardrails === undefined) throw disabled("approvals.wait");
      return guardrails.waitForApproval(id, waitOf(given));
    },
  };
}

function waitOf({ timeoutMs, signal }: ApprovalWait): ApprovalWait {
  if (timeoutMs !== undefined && !(timeoutMs >= 0)) {
    throw new ApieError("invalid_argument", "approvals.wait: timeoutMs: expected a number of ms from 0");
  }
  if (signal !== undefined && signalOf(signal) === undefined) {
    throw new ApieError("invalid_argument", "approvals.wait: signal: expected an AbortSignal");
  }
  return { timeoutMs, signal };
}

function approvalIdOf(call: string, value: unknown): string {
  const id = idOf(value);
  if (id === undefined)
    throw new ApieError("invalid_argument", `${call}: approvalId: expected Apie's id of it`);
  return id;
}

const disabled = (call: string): ApieError =>
  new ApieError("disabled", `${call}: the client is disabled (enabled: false)`);
