/** Whatever data a secret stands in, wherever in it and however it is written there: it does not come out. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { finishEvent, Redactor, toPlain, type WireEvent } from "../../src/events/index.ts";
import { coreOf, SECRETS } from "../events/redaction/samples.ts";

/** Those that no text around them makes something else: a password is one before the @ of an address only. */
const KNOWN = [
  "OpenAI",
  "Anthropic",
  "GitHub classic",
  "JSON Web Token",
  "AWS key",
  "Apie test",
  "npm",
  "GitLab",
  "RSA key",
];
const secrets = fc.constantFrom(...KNOWN.map((name) => SECRETS[name] as string));

const around = fc.string({
  unit: fc.constantFrom(..." .,:;!?()[]{}<>\"'`\\/|=+*&^%$#@~-_\näß😀 xyz".split("")),
  maxLength: 12,
});

const writing: fc.Arbitrary<(secret: string) => string> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(around, around).map(
      ([before, after]) =>
        (secret: string) =>
          `${before} ${secret} ${after}`,
    ),
  },
  fc.tuple(around, around).map(
    ([before, after]) =>
      (secret: string) =>
        `${before}_${secret}"${after}`,
  ),
  fc.constant((secret: string) => JSON.stringify({ a: [secret] })),
  fc.constant((secret: string) => JSON.stringify([JSON.stringify({ [secret]: JSON.stringify(secret) })])),
  fc.constant((secret: string) => encodeURIComponent(`x=${secret}`)),
);

/** JSON with a place that the text goes into: a value or a name, at any depth. */
const holder = (text: string): fc.Arbitrary<unknown> => {
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { depthSize: "medium", withCrossShrink: true },
      fc.constant(text),
      fc.tuple(fc.string(), tie("tree")).map(([name, value]) => ({ [name]: value, other: 1 })),
      fc.tuple(fc.jsonValue(), tie("tree")).map(([value, held]) => [value, held]),
      fc.jsonValue().map((value) => ({ [text]: value })),
      fc
        .tuple(fc.constantFrom("password", "max_tokens", "note", "__proto__"), tie("tree"))
        .map(([name, value]) => Object.fromEntries([[name, value]])),
      tie("tree").map((value) => JSON.stringify(value)),
    ),
  }));
  return tree;
};

const cases = fc
  .tuple(secrets, writing)
  .chain(([secret, write]) => fc.tuple(fc.constant(secret), holder(write(secret))));

/** A row of the secret's own characters, in whatever writing it may come out. */
const shows = (json: string, secret: string): boolean => {
  const core = coreOf(secret);
  return json.includes(core) || decodeURIComponent(json.replaceAll("%", "%25")).includes(core);
};

const event = (data: unknown): WireEvent => ({
  type: "custom.event",
  agent_key: "support",
  step_name: typeof data === "string" && data !== "" ? data : "step",
  metadata: { data },
  payload_summary: { nested: [{ data }] },
});

const redactors = {
  "built-in rules": new Redactor(),
  "rules of the user's": new Redactor({
    redactKeys: ["other"],
    redactDenyPatterns: [/x+y/],
    redactAllowPaths: ["metadata.no"],
  }),
};

test.each(Object.entries(redactors))("%s: in metadata, summaries and names", (_what, redactor) => {
  fc.assert(
    fc.property(cases, ([secret, data]) => {
      const plain = toPlain(data);
      const finished = finishEvent(event(plain), {
        redactor,
        maxBytes: 1_000_000,
        onHookError: () => undefined,
      });
      expect(shows(finished?.json ?? "", secret)).toBe(false);
      const limited = finishEvent(event(plain), { redactor, maxBytes: 600, onHookError: () => undefined });
      expect(shows(limited?.json ?? "", secret)).toBe(false);
    }),
    { numRuns: 400 },
  );
});

test("ids: in any text, and two different ones stay two", () => {
  const redactor = new Redactor({}, "key");
  fc.assert(
    fc.property(secrets, writing, around, (secret, write, more) => {
      const id = write(secret);
      const hidden = redactor.identity(id);
      expect(shows(hidden, secret)).toBe(false);
      expect(redactor.identity(id)).toBe(hidden);
      expect(redactor.identity(hidden)).toBe(hidden);
      const other = `${id} ${more}!`;
      expect(redactor.identity(other) === hidden).toBe(false);
    }),
    { numRuns: 400 },
  );
});
