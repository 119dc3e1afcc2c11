/** Secrets that are recognised by their form alone, wherever they stand. */
import { describe, expect, test } from "vitest";
import { finishEvent, Redactor, type WireEvent } from "../../../src/events/index.ts";
import { EXAMPLES } from "../examples.ts";
import { coreOf, SECRETS } from "./samples.ts";

const redactor = new Redactor();
const entries = Object.entries(SECRETS);

const CUT_OFF = "key that was cut off";

describe.each(entries)("%s", (name, secret) => {
  const core = coreOf(secret);

  test("alone, in the middle, at the end, in quotes, in brackets, over lines", () => {
    const texts = [
      secret,
      `use ${secret}`,
      `(${secret})`,
      `"${secret}"`,
      `first\n${secret}\nlast`,
      `https://api.example/?x=${secret}&y=1`,
      `x,${secret},y`,
    ];
    for (const text of texts) {
      const redacted = redactor.text(text);
      expect(redacted, text).not.toContain(core);
      expect(redacted).toContain("[REDACTED]");
    }
  });

  test("the text around it stays", () => {
    if (name === CUT_OFF) return;
    expect(redactor.text(`the key ${secret} was refused`)).toMatch(/^the key .*\[REDACTED\] was refused$/s);
  });

  test("in values, lists, deep inside, as a name of a member, in JSON in a text", () => {
    const data = {
      plain: secret,
      list: [secret, [`x ${secret}`]],
      deep: { a: { b: [{ c: secret }] } },
      [`name ${secret}`]: 1,
      json: JSON.stringify({ inner: secret, again: JSON.stringify([secret]) }),
    };
    const json = JSON.stringify(redactor.value(data, "metadata"));
    expect(json).not.toContain(JSON.stringify(core).slice(1, -1));
    expect(Object.keys(JSON.parse(json))).toHaveLength(5);
  });

  test("in every text of an event", () => {
    const { json } = finished({
      ...EXAMPLES["agent.guardrail.evaluated"],
      type: `told.${secret}`,
      agent_key: secret,
      environment: secret,
      step_key: secret,
      step_name: secret,
      trigger_kind: secret,
      parent_event_id: secret,
      tool: { name: secret, provider: secret },
      action: { type: secret, name: secret },
      resource: { type: secret, external_id: secret, provider: secret, environment: secret },
      decision: { policyDecision: "allow", effectiveDecision: "allow", reason: secret },
      approval: { approval_id: secret, status: "pending", resolved_by: secret },
      error: { message: secret, stack: `at ${secret}` },
      payload_summary: { [secret]: secret },
      metadata: { [secret]: [secret] },
    });
    expect(json).not.toContain(core);
  });
});

function finished(event: WireEvent): { json: string } {
  const result = finishEvent(event, { redactor, maxBytes: 1_000_000, onHookError: () => undefined });
  if (result === undefined) throw new Error("dropped");
  return result;
}

test("several in one text", () => {
  const text = entries
    .filter(([name]) => name !== CUT_OFF)
    .map(([name, secret]) => `- ${name}; ${secret}`)
    .join("\n");
  const redacted = redactor.text(text);
  for (const [name, secret] of entries) {
    expect(redacted).not.toContain(coreOf(secret));
    if (name !== CUT_OFF) expect(redacted).toContain(`- ${name}; `);
  }
});

test("redacting twice changes nothing more", () => {
  for (const [, secret] of entries) {
    const once = redactor.text(`a ${secret} b password=${secret} "token": "${secret}"`);
    expect(redactor.text(once)).toBe(once);
  }
});

describe("addresses", () => {
  test.each([
    ["postgres://admin:hunter2@db.example/app", "postgres://[REDACTED]@db.example/app"],
    ["redis://:hunter2@cache:6379/0", "redis://[REDACTED]@cache:6379/0"],
    ["mongodb+srv://u:p@ss@w0rd@a.example,b.example/x", "mongodb+srv://[REDACTED]@a.example,b.example/x"],
    ["see amqp://guest:guest@mq/vhost now", "see amqp://[REDACTED]@mq/vhost now"],
    ["https://a.example/x?api_key=k1&q=1", "https://a.example/x?api_key=[REDACTED]&q=1"],
    ["https://a.example/x?q=1&access_token=t1#top", "https://a.example/x?q=1&access_token=[REDACTED]"],
    ["https://a.example/x?key=abc", "https://a.example/x?key=[REDACTED]"],
    [
      "https://s3.example/o?X-Amz-Signature=abcdef&x=1",
      "https://s3.example/o?X-Amz-Signature=[REDACTED]&x=1",
    ],
    ["https://x.blob.example/c?sv=2022&sig=a%2Bb%3D", "https://x.blob.example/c?sv=2022&sig=[REDACTED]"],
  ])("%s", (address, redacted) => {
    expect(redactor.text(address)).toBe(redacted);
  });

  test.each([
    "https://a.example:8080/path?page=2&sort=key",
    "http://127.0.0.1:4319/v1/traces",
    "https://github.com/acme/api/pull/17#issuecomment-1",
    "see https://a.example/users/me@example.com",
    "ssh://git@github.com/acme/api.git",
  ])("%s holds none", (address) => {
    expect(redactor.text(address)).toBe(address);
  });
});
