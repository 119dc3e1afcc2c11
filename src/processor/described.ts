/**
 * What the application's `describe` says of a tool call. The model writes the arguments it is made of, so it meets such as it
 * does not expect.
 */
import type { GuardMode } from "../model/guard.ts";
import { GuardrailBlockedError } from "../model/guard-errors.ts";
import { type Hooks, isThenable } from "./hooks.ts";

export interface Described {
  /** Name of the tool, of which messages are made. */
  readonly tool: string;
  readonly arguments: unknown;
  readonly mode: GuardMode;
  readonly hooks: Hooks;
}

/**
 * @returns a copy of the description; `undefined` where there is none, or none came of it: the call goes on without.
 * @throws {GuardrailBlockedError} in enforce mode, whatever `guardFailureMode` is: by what it writes the model could otherwise
 * choose that nothing is known of the call.
 */
export function described<T extends object>(
  { tool, arguments: given, mode, hooks }: Described,
  describe: () => T | undefined,
): T | undefined {
  try {
    const said = describe();
    if (isThenable(said)) {
      // What becomes of it is of no use any more.
      Promise.resolve(said).catch(() => undefined);
      throw new TypeError("expected a description, got a promise");
    }
    return said === undefined ? undefined : { ...said };
  } catch (error) {
    hooks.failed("describe", error, given);
    if (mode === "enforce") throw blocked(tool);
    return undefined;
  }
}

const blocked = (tool: string): GuardrailBlockedError =>
  new GuardrailBlockedError(`tool ${tool === "" ? "unknown" : tool}`, {
    policyDecision: undefined,
    effectiveDecision: "block",
    enforcementAction: "block",
    mode: "enforce",
    reason: "its description failed",
    decisionId: undefined,
    receiptId: undefined,
    approvalId: undefined,
    matchedGuardrails: [],
    failure: "describe",
  });
