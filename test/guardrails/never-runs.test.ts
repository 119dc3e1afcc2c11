/**
 * No path lets a blocked callback run in enforce mode, and none lets a guardrail reach the application in monitor mode:
 * decisions × failures × modes × aborts × retries, drawn at random against a network that is faked.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Apie, type TransportRequest, type TransportResult } from "../../src/index.ts";
import { AGENT } from "../support/client.ts";

const WORDS = ["allow", "warn", "block", "require_approval"] as const;

interface Answer {
  kind: "answer";
  policy: string | undefined;
  effective: string | undefined;
  mode: string | undefined;
  approvalId: string | undefined;
}
type Reply =
  | Answer
  | { kind: "status"; status: number }
  | { kind: "broken"; sent: "notSent" | "unknown" }
  | { kind: "nonsense"; text: string }
  | { kind: "throws" }
  | { kind: "hangs" };

const decision = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...WORDS) },
  { weight: 1, arbitrary: fc.constantFrom("ALLOW", "deny", "", "__proto__", "constructor") },
);

const reply: fc.Arbitrary<Reply> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("answer" as const),
      policy: fc.option(decision, { nil: undefined }),
      effective: fc.option(decision, { nil: undefined }),
      mode: fc.constantFrom("monitor", "enforce", "other", undefined),
      approvalId: fc.constantFrom("appr_1", undefined, ""),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("status" as const),
      status: fc.constantFrom(302, 400, 401, 402, 403, 404, 409, 422, 429, 500, 503),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("broken" as const),
      sent: fc.constantFrom("notSent" as const, "unknown" as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("nonsense" as const),
      text: fc.constantFrom("", "{", "null", "[]", '"allow"', "<html>allow</html>", "{}"),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "throws" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "hangs" as const }) },
);

const approvalWord = fc.constantFrom(
  "approved",
  "rejected",
  "expired",
  "cancelled",
  "pending",
  "timeout",
  "APPROVED",
  "odd",
);

const scenario = fc.record({
  mode: fc.constantFrom("enforce" as const, "monitor" as const),
  failureMode: fc.constantFrom("fail_open" as const, "fail_closed" as const, "throw" as const),
  call: fc.constantFrom("withTool" as const, "withGuard" as const, "withMcpToolCall" as const),
  replies: fc.array(reply, { minLength: 1, maxLength: 4 }),
  approvals: fc.array(approvalWord, { minLength: 1, maxLength: 2 }),
  /** Aborted before the call, at this request, or never. */
  abortAt: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
  calls: fc.integer({ min: 1, max: 3 }),
});

type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

/** What the network did during one call, in order. */
interface Seen {
  evaluations: Reply[];
  approvals: string[];
}

function bodyOf({ policy, effective, mode, approvalId }: Answer): string {
  return JSON.stringify({
    policy_decision: policy,
    effective_decision: effective,
    mode,
    approval_request: approvalId === undefined ? undefined : { id: approvalId },
  });
}

const ok = (body: string): TransportResult => ({
  kind: "response",
  status: 200,
  headers: { "content-type": "application/json" },
  body,
});

/** Whether what the network said allows the work, told without a line of the code under test. */
function isAllowed({ failureMode }: Scenario, { evaluations, approvals }: Seen): boolean {
  const last = evaluations.at(-1);
  const afterFailure = failureMode === "fail_open";
  if (last?.kind !== "answer") return afterFailure;
  const known = (word: string | undefined): boolean => (WORDS as readonly unknown[]).includes(word);
  const policy = last.policy ?? last.effective;
  if (!known(policy) || (last.effective !== undefined && !known(last.effective))) return afterFailure;
  const observes = last.mode === "monitor" && last.effective === undefined;
  const effective = last.effective ?? (observes && policy !== "warn" ? "allow" : policy);
  if (effective === "allow" || effective === "warn") return true;
  if (effective === "block") return false;
  return last.approvalId === "appr_1" ? approvals.at(-1) === "approved" : afterFailure;
}

async function play(drawn: Scenario): Promise<void> {
  const { replies, approvals, abortAt } = drawn;
  let seen: Seen = { evaluations: [], approvals: [] };
  let controller = new AbortController();
  let requests = 0;
  let nextReply = 0;
  const transport = async (request: TransportRequest): Promise<TransportResult> => {
    const { pathname } = new URL(request.url);
    const isWait = pathname.startsWith("/v1/approvals/");
    if (pathname !== "/v1/guardrails/evaluate" && !isWait) return ok("{}");
    requests += 1;
    if (abortAt !== undefined && requests === abortAt) controller.abort(new Error("aborted"));
    if (isWait) {
      const status = approvals[Math.min(seen.approvals.length, approvals.length - 1)] ?? "pending";
      seen.approvals.push(status);
      return ok(JSON.stringify({ status, approval: { status } }));
    }
    const given = replies[nextReply % replies.length] ?? { kind: "hangs" };
    nextReply += 1;
    seen.evaluations.push(given);
    switch (given.kind) {
      case "answer":
        return ok(bodyOf(given));
      case "status":
        return { kind: "response", status: given.status, headers: {}, body: "{}" };
      case "broken":
        return { kind: "failure", sent: given.sent, message: "cut", code: "ECONNRESET" };
      case "nonsense":
        return ok(given.text);
      case "throws":
        throw new Error("the transport broke");
      default:
        return new Promise<never>(() => undefined);
    }
  };
  const apie = new Apie({
    apiKey: "key",
    baseUrl: "http://apie.invalid",
    agent: AGENT,
    mode: drawn.mode,
    guardFailureMode: drawn.failureMode,
    guardTimeoutMs: 15,
    approvalTimeoutMs: 15,
    onError: "silent",
    shutdownTimeoutMs: 50,
    transport,
  });
  try {
    for (let call = 0; call < drawn.calls; call += 1) {
      seen = { evaluations: [], approvals: [] };
      controller = new AbortController();
      requests = 0;
      if (abortAt === 0) controller.abort(new Error("aborted"));
      let ran = 0;
      const work = (): string => {
        ran += 1;
        return "done";
      };
      const { signal } = controller;
      const target = { action: { type: "execute", name: "deploy" }, resource: { type: "file" }, signal };
      const result = await {
        withTool: () => apie.withTool({ ...target, tool: { name: "deploy" } }, work),
        withGuard: () => apie.withGuard(target, work),
        withMcpToolCall: () => apie.withMcpToolCall({ server: "ci", tool: "deploy", signal }, work),
      }
        [drawn.call]()
        .then(
          (value) => ({ value }),
          (error: unknown) => ({ error }),
        );
      if (drawn.mode === "monitor") {
        expect(result).toEqual({ value: "done" });
        expect(ran).toBe(1);
        continue;
      }
      // What was aborted may have been allowed before the signal came; what was not allowed must not run.
      const allowed = isAllowed(drawn, seen);
      if (!allowed) expect(ran).toBe(0);
      if (ran === 0) expect(result).toHaveProperty("error");
      else expect(result).toEqual({ value: "done" });
      if (abortAt === 0) expect(ran).toBe(0);
      if (abortAt === undefined && allowed) expect(ran).toBe(1);
    }
  } finally {
    await apie.shutdown();
  }
}

test("no blocked callback runs, in any of them", async () => {
  await fc.assert(fc.asyncProperty(scenario, play), { numRuns: 400, interruptAfterTimeLimit: 12_000 });
}, 30_000);
