/** What an application says of the tools it wraps together: for each by its name, or for all. */
import type { ToolInput } from "../index.ts";
import type { ToolClient } from "./client.ts";

/** What a call of a tool does; what is left out is that of `withTool`. */
export type ToolDescription = Partial<
  Pick<ToolInput, "action" | "resource" | "guard" | "signal" | "metadata">
> & {
  riskLevel?: "low" | "medium" | "high" | "critical" | undefined;
  provider?: string | undefined;
};

export interface GuardedToolOptions<Arguments = unknown> {
  /**
   * By the tool's name, or made of its name and what it is called with. One that throws is told to `onError`; the call then
   * goes on without, or, in enforce mode, is blocked.
   */
  describe?:
    | Readonly<Record<string, ToolDescription>>
    | ((name: string, input: Arguments) => ToolDescription | undefined)
    | undefined;
}

/** @throws {GuardrailBlockedError} in enforce mode, where the description fails. */
export function toolInputOf(
  apie: ToolClient,
  name: string,
  call: {
    input: unknown;
    callId?: string | undefined;
    provider?: string | undefined;
    /** The library's: what it gives up is not to begin any more. */
    signal?: unknown;
  },
  { describe }: GuardedToolOptions,
): ToolInput {
  const told = apie.spanProcessor.described(name, call.input, () =>
    typeof describe === "function" ? describe(name, call.input) : ownEntry(describe, name),
  );
  const { riskLevel, provider = call.provider, signal = call.signal, ...rest } = told ?? {};
  const tool = { name, provider, riskLevel, callId: call.callId };
  return { ...rest, signal: signal as AbortSignal | undefined, arguments: call.input, tool };
}

/** A tool may be called `constructor`. */
function ownEntry(
  described: Readonly<Record<string, ToolDescription>> | undefined,
  name: string,
): ToolDescription | undefined {
  return described !== undefined && Object.hasOwn(described, name) ? described[name] : undefined;
}

/** A member of what a library hands in, which may be nothing at all. */
export const memberOf = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
