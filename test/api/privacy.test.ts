/** What the API is given is private: content leaves only where it is captured, recognisable secrets never. */
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import { describe, expect, test } from "vitest";
import type { Apie, ApieOptions } from "../../src/index.ts";
import { CONTENT_ATTRIBUTES } from "../../src/semconv/index.ts";
import { type ApiSetup, apiSetup, delivered } from "./support/api.ts";

const CANARY = "canary-7f3a";

/** Content of every kind, each with the canary and a name of its own. */
async function everyContent(apie: Apie): Promise<void> {
  const failing = (where: string) => (): never => {
    throw new Error(`${CANARY} thrown in ${where}`);
  };
  const quietly = (work: Promise<unknown>): Promise<unknown> => work.catch(() => undefined);
  const content = (where: string) => ({ text: `${CANARY} in ${where}`, nested: [{ deep: CANARY }] });
  await quietly(
    apie.withSession({}, async () => {
      await apie.withRun({ input: content("run input") }, async (run) => {
        await apie.withTool({ tool: { name: "t" }, arguments: content("arguments") }, () =>
          content("result"),
        );
        await quietly(apie.withTool({ tool: { name: "t" } }, failing("tool")));
        await apie.withLlmCall(
          { model: { provider: "p", name: "m" }, input: content("messages") },
          (call) => {
            call.setResponse({ output: content("answer") });
            return content("answer");
          },
        );
        await quietly(apie.withLlmCall({ model: { provider: "p", name: "m" } }, failing("llm")));
        await apie.withMcpCall({ server: "s", tool: "t", arguments: content("mcp arguments") }, () =>
          content("mcp"),
        );
        await apie.withMcpToolCall({ server: "s", tool: "t", arguments: content("mcp arguments") }, () => ({
          isError: true,
          content: content("mcp error"),
        }));
        await apie.withWorkflowStep({ stepName: "s" }, () => content("step"));
        await quietly(apie.withWorkflowStep({ stepName: "s" }, failing("step")));
        await apie.withHandoff({ target: { key: "other" } }, () => content("hand-off"));
        await quietly(apie.withHandoff({ target: { key: "other" } }, failing("hand-off")));
        await quietly(apie.withChildRun({ input: content("child input") }, failing("child run")));
        const target = { action: { type: "read", name: "a" }, resource: { type: "r" } };
        apie.trackActionCompleted({ ...target, result: content("action result") });
        apie.trackActionFailed({ ...target, error: new Error(CANARY) });
        apie.trackHandoffFailed({ handoffId: "h", error: new Error(CANARY) });
        apie.trackApprovalResolved({ approvalId: "a", status: "approved", resolvedBy: CANARY });
        apie.captureError({ error: new Error(CANARY) });
        apie.captureError({ error: CANARY });
        apie.trackToolCall({ tool: { name: "t" }, arguments: content("arguments") });
        run.setOutput(content("output"));
        return content("returned");
      });
      apie.runs.complete(apie.runs.start({ input: content("run input") }), { error: new Error(CANARY) });
      failing("session")();
    }),
  );
}

const spansAsText = (spans: readonly ReadableSpan[]): string =>
  JSON.stringify(
    spans.map(({ name, attributes, events, status, links }) => ({ name, attributes, events, status, links })),
  );

async function told(
  work: (apie: Apie) => unknown,
  options: ApieOptions = {},
): Promise<ApiSetup & { all: string }> {
  const made = await apiSetup(options);
  await work(made.apie);
  await delivered(made.apie);
  return { ...made, all: `${spansAsText(made.otel.spans())}\n${made.server.everything}` };
}

describe("content", () => {
  test("is in no span and in no request while it is not captured", async () => {
    const problems: string[] = [];
    const { all, seen } = await told(everyContent, { onError: (error) => problems.push(error.message) });
    expect(all).not.toContain(CANARY);
    expect(problems.join()).not.toContain(CANARY);
    expect(
      seen.ours.flatMap(({ attributes }) => CONTENT_ATTRIBUTES.filter((key) => key in attributes)),
    ).toEqual([]);
  });

  test("is in both where it is captured", async () => {
    const { otel, seen, server } = await told(everyContent, { captureContent: true });
    const spans = spansAsText(otel.spans());
    for (const where of [
      "run input",
      "arguments",
      "result",
      "messages",
      "answer",
      "mcp arguments",
      "mcp error",
      "action result",
      "output",
      "hand-off",
      "thrown in tool",
      "thrown in session",
    ]) {
      expect(spans, where).toContain(`${CANARY} ${where.startsWith("thrown") ? "" : "in "}${where}`);
    }
    expect(
      new Set(seen.ours.flatMap(({ attributes }) => CONTENT_ATTRIBUTES.filter((key) => key in attributes))),
    ).toEqual(
      new Set([
        "agent.action.result",
        "agent.approval.resolved_by",
        "agent.run.input.value",
        "agent.run.output.value",
        "gen_ai.input.messages",
        "gen_ai.output.messages",
        "gen_ai.tool.call.arguments",
        "gen_ai.tool.call.result",
      ]),
    );
    const sent = server.everything;
    for (const where of ["arguments", "result", "messages", "answer", "output"])
      expect(sent, where).toContain(`${CANARY} in ${where}`);
    expect(sent).toContain(`${CANARY} thrown in tool`);
  });

  test("that is captured is bounded", async () => {
    const { seen } = await told(
      (apie) =>
        apie.withTool({ tool: { name: "t" }, arguments: "x".repeat(1_000_000) }, () => [
          "y".repeat(1_000_000),
        ]),
      { captureContent: true },
    );
    const { attributes } = seen.one("execute_tool t");
    expect(String(attributes["gen_ai.tool.call.arguments"]).length).toBeLessThan(20_000);
    expect(String(attributes["gen_ai.tool.call.result"]).length).toBeLessThan(20_000);
  });

  test("what the application says for Apie is sent", async () => {
    const { all } = await told((apie) =>
      apie.withRun({ inputSummary: "sent: input" }, (run) => {
        run.setOutputSummary("sent: output");
        apie.trackResourceTouched({ resource: { type: "work_item", externalId: "sent: resource" } });
      }),
    );
    for (const what of ["input", "output", "resource"])
      expect(all.split(`sent: ${what}`).length).toBeGreaterThan(2);
  });
});

const SECRET = "sk-abcdefghijklmnopqrstuvwxyz0123456789";

/** A secret in every text the API takes. */
async function everySecret(apie: Apie): Promise<void> {
  const s = `with ${SECRET} inside`;
  const fields = {
    metadata: { note: s, password: "hunter2", [s]: 1 },
    payloadSummary: { note: s, nested: { list: [s] } },
  };
  const target = {
    tool: { name: s, provider: s, callId: s, type: s },
    action: { type: s, name: s },
    resource: { type: s, externalId: s, provider: s, environment: s },
  };
  const quietly = (work: Promise<unknown>): Promise<unknown> => work.catch(() => undefined);
  const fail = (): never => {
    throw Object.assign(new Error(s), { name: s });
  };
  const session = apie.withSession({ inputSummary: s, metadata: fields.metadata }, async (current) => {
    current.setOutputSummary(s);
    const run = { ...fields, inputSummary: s, role: s, trigger: s, stepKey: s, stepName: s, input: s };
    await apie.withRun(run, async (active) => {
      active.setOutputSummary(s);
      active.setOutput({ s });
      await apie.withTool({ ...fields, ...target, arguments: { s } }, () => s);
      await apie.withLlmCall(
        {
          ...fields,
          model: { provider: s, name: s },
          purpose: s,
          inputSummary: s,
          promptHash: s,
          input: [s],
        },
        (call) =>
          call.setResponse({ model: s, id: s, finishReason: s, output: s, cost: { amount: 1, currency: s } }),
      );
      await apie.withMcpCall({ ...fields, server: s, serverVersion: s, tool: s, method: s }, (call) =>
        call.setTools([s]),
      );
      await apie.withMcpToolCall(
        { ...fields, server: s, tool: s, actionName: s, resourceTarget: s, callId: s },
        () => s,
      );
      await apie.withWorkflowStep({ ...fields, stepName: s, stepKey: s }, () =>
        apie.track({ type: "inside" }),
      );
      await apie.withHandoff(
        { ...fields, target: { key: "k", name: s }, reason: s, inputSummary: s },
        () => s,
      );
      await quietly(apie.withTool({ tool: { name: "t" } }, fail));
      apie.track({ type: s, payload: { s, note: s } });
      apie.trackToolCall({ ...fields, ...target });
      apie.trackActionRequested({ ...fields, ...target });
      apie.trackActionCompleted({ ...fields, ...target, result: s });
      apie.trackActionFailed({ ...fields, ...target, error: new Error(s) });
      apie.trackResourceTouched({ ...fields, ...target });
      apie.trackApprovalRequested({ ...fields, ...target, approvalId: s, reason: s });
      apie.trackApprovalResolved({ approvalId: s, status: "approved", resolvedBy: s });
      apie.trackHandoffRequested({ ...fields, target: { key: "k", name: s }, reason: s, inputSummary: s });
      apie.trackHandoffFailed({ handoffId: "h", source: { key: "k", name: s }, error: new Error(s) });
      apie.captureError({ ...fields, error: new Error(s) });
    });
    const byHand = apie.runs.start();
    apie.runs.complete(byHand, { outputSummary: s, metadata: fields.metadata, error: new Error(s) });
  });
  await session;
  const handle = await apie.sessions.start({ inputSummary: s });
  apie.sessions.complete(handle, { outputSummary: s, metadata: fields.metadata });
}

describe.each([
  ["with content", true],
  ["without content", false],
])("secrets, %s", (_how, captureContent) => {
  test("are replaced everywhere, span names included", async () => {
    const { all, seen } = await told(everySecret, { captureContent });
    expect(all).not.toContain(SECRET);
    expect(all).not.toContain("hunter2");
    expect(all).not.toMatch(/sk-abc/);
    const names = seen.ours.map(({ name }) => name);
    expect(names).toContain("execute_tool with [REDACTED] inside");
    expect(names).toContain("event with [REDACTED] inside");
  });

  test("are replaced by the user's patterns and key names too", async () => {
    const work = (apie: Apie) =>
      apie.withRun({ inputSummary: "order ORD-12345", metadata: { iban: "DE00 1234" } }, () =>
        apie.withTool(
          { tool: { name: "look up ORD-12345" }, arguments: { iban: "DE00 1234" } },
          () => "ORD-12345",
        ),
      );
    const { all, seen } = await told(work, {
      captureContent,
      redactDenyPatterns: [/ORD-\d+/],
      redactKeys: ["iban"],
    });
    expect(all).not.toContain("ORD-12345");
    expect(all).not.toContain("DE00");
    expect(seen.named("execute_tool look up [REDACTED]")).toHaveLength(1);
  });

  test.each([1_010, 1_020, 16_370, 16_380, 65_520])(
    "none is left half where a text is cut, at %i",
    async (at) => {
      const text = `${"x".repeat(at)} ${SECRET}`;
      const { all } = await told(
        (apie) =>
          apie.withRun({ inputSummary: text, input: text, metadata: { text } }, () =>
            apie.withTool({ tool: { name: text }, arguments: { text } }, () => text),
          ),
        { captureContent },
      );
      expect(all).not.toMatch(/sk-a/);
    },
  );
});

describe("identity", () => {
  test("is sent as it is, whatever it looks like", async () => {
    const { server, seen } = await told((apie) =>
      apie.withHandoff({ target: { key: "token-password-agent" } }, () => 1),
    );
    expect(seen.one("invoke_agent token-password-agent").attributes["agent.key"]).toBe(
      "token-password-agent",
    );
    expect(server.eventsOf("agent.handoff.accepted")).toMatchObject([{ agent_key: "token-password-agent" }]);
  });
});
