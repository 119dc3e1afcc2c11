/** Names that every JavaScript object has, as names of what agents do: they mean nothing, in any route. */
import { describe, expect, it } from "vitest";
import { call, openRun, openSession, post, rawRequest, sendEvents, startApie } from "./support.ts";

describe.each(["constructor", "__proto__", "toString", "valueOf", "hasOwnProperty"])("%s", (word) => {
  it("is a name like any other, in all that is sent and told", async () => {
    const apie = await startApie();
    const session = await openSession(apie, { kind: "multi_agent", input_summary: word });
    const run_id = await openRun(apie, { agent_key: word, metadata: { agent_name: word } }, session);
    const about = {
      agent_key: word,
      run_id,
      step_name: word,
      tool: { name: word, provider: word },
      action: { type: word, name: word },
      resource: { type: word, environment: word },
      decision: { policyDecision: word, enforcementAction: word },
      approval: { approval_id: word, status: word },
      payload_summary: { model: word, server: word },
      metadata: { outcome: word, handoff_id: word, otel: { span_name: word, operation: word } },
    };
    const types = [word, "agent.action.requested", "agent.action.failed", "agent.handoff.accepted"];
    const sent = await sendEvents(
      apie,
      ...types.map((type, index) => ({ ...about, type, event_id: `${word} ${index}` })),
    );
    expect(sent.body.warnings.join()).not.toMatch(/native code|\[object/);
    await post(apie, `/v1/runs/${run_id}/complete`, { status: "failed", metadata: { status: word } });

    for (const path of [
      `/api/agents/${word}`,
      `/api/sessions/${session}`,
      `/api/sessions/${session}/events?view=lines`,
      `/api/events?type=${word}&tool=${word}&agent=${word}`,
      `/api/runs?agent=${word}`,
      `/sessions/${session}/runs`,
      `/sessions/${session}/runs/${run_id}`,
      `/agents/${word}/runs/${run_id}`,
      `/agents/${word}/runs/${run_id}/events`,
    ]) {
      const { status, text } = await call(apie, "GET", path);
      expect([path, status]).toEqual([path, 200]);
      if (!path.endsWith("/events")) expect(text).toContain(word);
      expect(text).not.toMatch(/native code|\[object/);
    }
  });

  it("is no media type, encoding, template, file or parameter", async () => {
    const apie = await startApie();
    const send = (path: string, headers: Record<string, string>) =>
      rawRequest(apie, { method: "POST", path, headers, body: "{}" });
    const json = { "content-type": "application/json" };
    const answers = [
      await send("/v1/traces", { "content-type": word }),
      await send("/v1/events", { "content-type": word }),
      await send("/v1/events", { ...json, "content-encoding": word }),
      await send(`/v1/guardrails/templates/${word}/enable`, json),
      await rawRequest(apie, { path: `/assets/${word}` }),
      await rawRequest(apie, { path: `/api/sessions?${word}=x` }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([415, 415, 415, 404, 404, 400]);
    for (const { headers } of answers) expect(headers["content-type"]).toMatch(/^application\/json/);
  });
});
