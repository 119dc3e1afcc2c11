/** The user's own names, paths and patterns; they add to the built-in rules. */
import { describe, expect, test } from "vitest";
import { Redactor } from "../../../src/events/index.ts";
import { redactEvent } from "../../../src/events/public.ts";
import { EXAMPLES } from "../examples.ts";

describe("redactKeys", () => {
  const redactor = new Redactor({ redactKeys: ["ssn", "Credit-Card", "", "--"] });

  test("count within longer names, in any spelling, whatever the value", () => {
    const data = {
      ssn: "1",
      customerSSN: 1,
      user_ssn_last4: ["1"],
      creditCard: { no: 1 },
      CREDIT_CARD_NO: "1",
    };
    expect(redactor.value(data, "metadata")).toEqual(
      Object.fromEntries(Object.keys(data).map((name) => [name, "[REDACTED]"])),
    );
  });

  test("count in texts", () => {
    expect(redactor.text('{"order":{"credit_card":"4111"}}')).toBe('{"order":{"credit_card":"[REDACTED]"}}');
    expect(redactor.text("ssn=078-05-1120 name=bob")).toBe("ssn=[REDACTED] name=bob");
    expect(redactor.text("credit card: 4111")).toBe("credit card: 4111");
    expect(redactor.text("the credit-card is 4111111111111111")).toBe("the credit-card is [REDACTED]");
  });

  test("leave others alone, and empty ones match nothing", () => {
    const data = { lesson: "ok", card: "ok", credit: "ok" };
    // "lesson" holds the letters s, s, o, n, but not ssn.
    expect(redactor.value(data, "metadata")).toEqual(data);
  });

  test("add to the built-in names", () => {
    expect(redactor.value({ password: "x", input_tokens: 5 }, "metadata")).toEqual({
      password: "[REDACTED]",
      input_tokens: 5,
    });
  });
});

describe("redactAllowPaths", () => {
  const redactor = new Redactor({
    redactAllowPaths: ["metadata.allowed.token", "payloadSummary.pageToken", "metadata.list.0.secret"],
    redactKeys: ["page"],
    redactDenyPatterns: ["allowed-\\d"],
  });

  test("exempt exactly that place, from names, forms and patterns", () => {
    const secret = "sk-proj-0123456789abcdef allowed-1";
    const data = {
      allowed: { token: secret, other_token: secret },
      token: secret,
      list: [{ secret }, { secret }],
    };
    expect(redactor.value(data, "metadata")).toEqual({
      allowed: { token: secret, other_token: "[REDACTED]" },
      token: "[REDACTED]",
      list: [{ secret }, { secret: "[REDACTED]" }],
    });
    expect(redactor.value({ allowed: { token: "t" } }, "payload_summary")).toEqual({
      allowed: { token: "[REDACTED]" },
    });
  });

  test("may name an item of a list, or a whole member with all that is in it", () => {
    const allowing = new Redactor({ redactAllowPaths: ["metadata.list.1", "error"] });
    const secret = "sk-proj-0123456789abcdef";
    expect(allowing.value({ list: [secret, secret] }, "metadata")).toEqual({ list: ["[REDACTED]", secret] });
    expect(allowing.value({ message: secret, token: "t" }, "error")).toEqual({ message: secret, token: "t" });
  });

  test("hold in either spelling, whichever the data is in", () => {
    expect(redactor.value({ page_token: "p" }, "payload_summary")).toEqual({ page_token: "p" });
    expect(redactor.value({ pageToken: "p" }, "payloadSummary")).toEqual({ pageToken: "p" });
    const snake = new Redactor({ redactAllowPaths: ["payload_summary.page_token"] });
    expect(snake.value({ pageToken: "p" }, "payloadSummary")).toEqual({ pageToken: "p" });
  });

  test("reach into JSON in a text", () => {
    const text = JSON.stringify({ token: "t", password: "p" });
    expect(redactor.value({ allowed: text }, "metadata")).toEqual({
      allowed: '{"token":"t","password":"[REDACTED]"}',
    });
  });
});

describe("redactDenyPatterns", () => {
  test.each<[what: string, pattern: string | RegExp, text: string, redacted: string]>([
    ["text, without regard to case", "acme-\\d+", "ref ACME-12 and acme-3", "ref [REDACTED] and [REDACTED]"],
    ["text written as a literal", "/acme-\\d+/", "ref ACME-12 and acme-3", "ref ACME-12 and [REDACTED]"],
    ["text written as a literal with flags", "/acme-\\d+/i", "ref ACME-12", "ref [REDACTED]"],
    ["a literal with slashes inside", "/a/b/i", "x A/B y", "x [REDACTED] y"],
    ["an expression", /acme-\d+/, "acme-1 acme-2", "[REDACTED] [REDACTED]"],
    ["an expression with g", /acme-\d+/g, "acme-1 acme-2", "[REDACTED] [REDACTED]"],
    ["an expression with y", /acme-\d+/y, "x acme-1 acme-2", "x [REDACTED] [REDACTED]"],
    ["an expression with g, i and y", /acme-\d+/giy, "x ACME-1 acme-2", "x [REDACTED] [REDACTED]"],
    ["an expression with u", /\p{Lu}{4}/u, "x ACME y", "x [REDACTED] y"],
    ["one that looks ahead", /(?=acme)a/, "acme", "[REDACTED]cme"],
    ["one that matches nothing between letters", /(?=acme)/, "acme", "acme"],
    ["a short text", "ab", "ab", "[REDACTED]"],
  ])("%s", (_what, pattern, text, redacted) => {
    const redactor = new Redactor({ redactDenyPatterns: [pattern] });
    expect(redactor.text(text)).toBe(redacted);
    // Expressions with g keep a place; it must not be kept from one text to the next.
    expect(redactor.text(text)).toBe(redacted);
    expect(redactor.value({ list: [text, text] }, "metadata")).toEqual({ list: [redacted, redacted] });
  });

  test("a member whose name matches loses its value, whatever it is", () => {
    const redactor = new Redactor({ redactDenyPatterns: [/^internal_/g] });
    expect(redactor.value({ internal_id: 5, internal_x: { a: 1 }, x_internal_: 1 }, "metadata")).toEqual({
      "[REDACTED]id": "[REDACTED]",
      "[REDACTED]x": "[REDACTED]",
      x_internal_: 1,
    });
  });

  test("numbers are looked at too", () => {
    const redactor = new Redactor({ redactDenyPatterns: ["^4\\d{15}$"] });
    expect(redactor.value([4111111111111111, 4222222222222222], "metadata")).toEqual([
      "[REDACTED]",
      "[REDACTED]",
    ]);
    expect(redactor.value({ card: 4111111111111111, n: 41 }, "metadata")).toEqual({
      card: "[REDACTED]",
      n: 41,
    });
  });

  test("of an expression of the user's own, nothing is changed", () => {
    const pattern = /acme/g;
    pattern.lastIndex = 3;
    new Redactor({ redactDenyPatterns: [pattern] }).text("acme acme");
    expect(pattern.lastIndex).toBe(3);
  });
});

describe("redactEvent", () => {
  const event = {
    type: "custom.event",
    agentKey: "support",
    eventId: "evt_1",
    runId: "run_1",
    stepName: "login with ghp_0123456789abcdefghijABCDEFGHIJ",
    metadata: { password: "x", input_tokens: 5, ssn: "1", page_token: "p" },
    payloadSummary: { note: "acme-1" },
  };
  const options = {
    redactKeys: ["ssn"],
    redactAllowPaths: ["metadata.page_token"],
    redactDenyPatterns: ["/acme-\\d/"],
  };

  test("gives a redacted copy, in the spelling given", () => {
    const before = structuredClone(event);
    expect(redactEvent(event, options)).toEqual({
      ...event,
      stepName: "login with [REDACTED]",
      metadata: { password: "[REDACTED]", input_tokens: 5, ssn: "[REDACTED]", page_token: "p" },
      payloadSummary: { note: "[REDACTED]" },
    });
    expect(event).toEqual(before);
    const wire = { type: "x", agent_key: "a", payload_summary: { note: "acme-1", token: "t" } };
    expect(redactEvent(wire, options)).toEqual({
      ...wire,
      payload_summary: { note: "[REDACTED]", token: "[REDACTED]" },
    });
  });

  test("leaves identity alone, and events without secrets", () => {
    const broad = { redactKeys: ["id", "key", "type"], redactDenyPatterns: ["support", "evt", "custom"] };
    expect(redactEvent(event, broad)).toMatchObject({
      type: "custom.event",
      agentKey: "support",
      eventId: "evt_1",
    });
    for (const example of Object.values(EXAMPLES)) expect(redactEvent(example)).toEqual(example);
  });

  test("refuses what is no expression", () => {
    expect(() => redactEvent(event, { redactDenyPatterns: ["("] })).toThrow(SyntaxError);
  });
});
