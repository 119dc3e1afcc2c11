/** Answers that repeat what was sent: nothing of it is told, and finding it in a whole batch holds up nothing. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ApieClient, type ClientOptions } from "../../src/apie-api/index.ts";
import { withoutEcho } from "../../src/model/echo.ts";
import { Given } from "../../src/model/given.ts";
import { cleanup } from "../support/client.ts";

const IDS = Array.from({ length: 500 }, (_, index) => `event-${index}`);

/** 500 events, of two megabytes together, each with words of its own. */
const BATCH = JSON.stringify({
  events: IDS.map((event_id, index) => ({
    event_id,
    customer_reference: `ref${index}`,
    note: `Jane${index} Doe${index} `.repeat(200),
  })),
});

function answering(messages: readonly string[], more: Partial<ClientOptions> = {}): ApieClient {
  const body = JSON.stringify({ errors: messages.map((message, index) => ({ index, message })) });
  const client = new ApieClient({
    baseUrl: "http://apie.invalid",
    apiKey: "key",
    timeoutMs: 60_000,
    transport: async () => ({ kind: "response", status: 207, headers: {}, body }),
    ...more,
  });
  cleanup(async () => client.close());
  return client;
}

async function messages(client: ApieClient): Promise<(string | undefined)[]> {
  const answer = await client.sendEvents(BATCH, IDS);
  if (answer.kind !== "ok") throw new Error(answer.message);
  return answer.value.events.map(({ message }) => message);
}

describe("of an answer that names each of 500 events", () => {
  test.each([
    [
      "in the same words",
      () => "metadata.customer_reference is not allowed, see the documentation of boundaries",
    ],
    [
      "in words of its own",
      (index: number) => `number ${index} of this workspace breaks the boundary rule${index}`,
    ],
    [
      "with what stands in it",
      (index: number) => `customer_reference: Jane${index} Doe${index} is not allowed`,
    ],
  ])("%s, reading takes no long", async (_how, message) => {
    const client = answering(IDS.map((_, index) => message(index)));
    const before = process.cpuUsage();
    expect(await messages(client)).toHaveLength(500);
    const { user, system } = process.cpuUsage(before);
    // Of CPU, in ms: some tens at most, and more than a thousand where each word is looked for in the whole batch.
    expect((user + system) / 1_000).toBeLessThan(400);
  });

  test("content of any of them is left out of all messages", async () => {
    const quoting = IDS.map(
      (_, index) => `"Jane7 Doe7" is no customer_reference, nor is Jane${index} Doe${index}`,
    );
    for (const message of await messages(answering(quoting))) {
      expect(message).toBe('"[…]" is no customer_reference, nor is […]');
    }
  });

  test("long messages are shown as far as all of them together may go", async () => {
    const told = await messages(answering(IDS.map((id) => `not ${id}: ${"so it is ".repeat(200)}`)));
    expect(told.filter((message) => message !== "[…]").length).toBeGreaterThan(20);
    expect(told.at(-1)).toBe("[…]");
  });
});

describe.each([
  [
    "200, whose body says that it failed",
    200,
    { success: false, error: 'the note "Jane7 Doe7" is not allowed' },
  ],
  ["400", 400, { error: 'the note "Jane7 Doe7" is not allowed' }],
])("of an answer of %s", (_what, status, said) => {
  const refused = async (body: unknown): Promise<string> => {
    const client = answering([], {
      transport: async () => ({ kind: "response", status, headers: {}, body: JSON.stringify(body) }),
      shown: (text) => text.replace("secret-key", "[redacted]"),
    });
    const answer = await client.sendEvents(BATCH, IDS);
    return answer.kind === "ok" ? "taken" : answer.message;
  };

  test("content is left out", async () => {
    expect(await refused(said)).toBe(`HTTP ${status}: the note "[…]" is not allowed`);
  });

  test("so are secrets, and it is told in one line of some length", async () => {
    const message = await refused({ ...said, error: `secret-key\n${"so it is ".repeat(10_000)}` });
    expect(message).toMatch(/^HTTP \d+: \[redacted\] so it is so it is .*…$/);
    expect(message.length).toBeLessThan(400);
  });
});

const word = fc.string({ unit: fc.constantFrom("a", "b", "é", "😀", " ", "_", '"', ":"), maxLength: 12 });

test("a part is found where it stands, and as a value where it is not the name of a member", () => {
  fc.assert(
    fc.property(fc.array(word, { maxLength: 40 }), word, (parts, part) => {
      fc.pre(part !== "");
      const text = parts.join("");
      const given = new Given(text);
      expect(given.has(part)).toBe(text.includes(part));
      for (const known of parts) expect(known === "" || given.has(known)).toBe(true);
      if (!part.includes('"')) {
        expect(given.hasValue(part)).toBe(text.replaceAll(`"${part}":`, "\n").includes(part));
      }
    }),
    { numRuns: 300 },
  );
});

test("what is searched for too long is not told", () => {
  const given = new Given(`${"x".repeat(4_000_000)} the end`);
  const shown = Array.from({ length: 40 }, (_, index) => withoutEcho(`"a${index}" is wrong`, given));
  expect(shown[0]).toBe('"a0" is wrong');
  expect(shown.at(-1)).toBe('"[…]" is wrong');
});
