import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Redactor } from "../../../src/events/index.ts";

const redactor = new Redactor();

/** What the one pass gives, or what is used in its place. */
function oncePassed(value: unknown): string | undefined {
  try {
    return redactor.json?.value(value);
  } catch {
    return JSON.stringify(redactor.value(value, ""));
  }
}

const names = fc.oneof(
  fc.string(),
  fc.constantFrom(
    "password",
    "apiKey",
    "max_tokens",
    "tokens",
    "token",
    "auth",
    "name",
    "__proto__",
    "toJSON",
  ),
  fc.constantFrom("sk-proj-0123456789abcdef0123", "DB_PASSWORD=hunter2hunter2"),
);
const texts = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string(),
  fc.constantFrom(
    "",
    "512",
    "Bearer abcdefgh12345678",
    "password: hunter2",
    '{"password":"x"}',
    "2026-01-01T00:00:00.000Z",
  ),
  fc.constantFrom(
    "0af7651916cd43dd8448eb211c80319c",
    "\u2028",
    "\ud800",
    '"quoted"\\',
    "sk-proj-0123456789abcdef0123",
  ),
);
const leaf = fc.oneof(
  texts,
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.constant(undefined),
  fc.bigInt(),
);
const data = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, leaf, fc.array(tie("value")), fc.dictionary(names, tie("value"))),
})).value;

test("is what the copy gives as JSON, for any data", () => {
  fc.assert(
    fc.property(data, (value) => {
      expect(oncePassed(value)).toBe(JSON.stringify(redactor.value(value, "")));
    }),
    { numRuns: 3_000 },
  );
});

test("a member of ours has a comma, its name, and what the copy gives", () => {
  fc.assert(
    fc.property(names, data, (name, value) => {
      const json = JSON.stringify({ [name]: redactor.value(value, "") });
      let member: string | undefined;
      try {
        member = redactor.json?.member(name, value);
      } catch {
        return;
      }
      expect(`{${member?.slice(1)}}`).toBe(json);
    }),
    { numRuns: 1_000 },
  );
});

test("leaves out functions and symbols, and asks no toJSON", () => {
  const value = {
    a: () => 1,
    b: Symbol("b"),
    c: [() => 1],
    d: { toJSON: () => "sk-proj-0123456789abcdef0123" },
  };
  expect(redactor.json?.value(value)).toBe('{"c":[null],"d":{}}');
});

test("an object whose names hold secrets is left to the copy", () => {
  expect(() => redactor.json?.value({ "sk-proj-0123456789abcdef0123": 1 })).toThrow();
});

describe("is not used where an option asks for more than the built-in rules", () => {
  test.each([{ redactKeys: ["ssn"] }, { redactAllowPaths: ["metadata.x"] }, { redactDenyPatterns: [/a/] }])(
    "%j",
    (options) => expect(new Redactor(options).json).toBeUndefined(),
  );
});
