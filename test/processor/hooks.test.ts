/** The user's hooks: whatever one of them throws, at once or later, is told once and changes nothing else. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ApieOptions, ReportedError } from "../../src/index.ts";
import { turns } from "../api/support/api.ts";
import { setup } from "../support/client.ts";

const SECRET = "sk-abcdefghijklmnopqrstuvwxyz0123456789";

/** Rejections nobody heard: each would have ended the process. */
const unheard: unknown[] = [];
const onUnheard = (reason: unknown): void => void unheard.push(reason);
beforeEach(() => {
  unheard.length = 0;
  process.on("unhandledRejection", onUnheard);
});
afterEach(() => void process.off("unhandledRejection", onUnheard));

const failing: readonly (readonly [string, () => never])[] = [
  [
    "throws",
    () => {
      throw new Error(`broken ${SECRET}`);
    },
  ],
  ["is async and rejects", () => Promise.reject(new Error(`broken ${SECRET}`)) as never],
  [
    "throws what is no error",
    () => {
      throw Object.create(null);
    },
  ],
  [
    "throws what throws when it is looked at",
    () => {
      throw Object.defineProperty(new Error(), "message", {
        get() {
          throw new Error("not even that");
        },
      });
    },
  ],
  [
    "gives a thenable that throws",
    () =>
      ({
        // biome-ignore lint/suspicious/noThenProperty: what is tested
        get then() {
          throw new Error(`broken ${SECRET}`);
        },
      }) as never,
  ],
];

/** Two tool calls; with `refused`, Apie takes no event. */
async function work(options: ApieOptions, refused = false) {
  const problems: ReportedError[] = [];
  const made = await setup({ onError: (error) => void problems.push(error), ...options });
  if (refused) made.server.fail("/v1/events", { status: 422 });
  for (const name of ["one", "two"]) {
    expect(await made.apie.withTool({ tool: { name } }, () => 42)).toBe(42);
  }
  const report = await made.apie.flush();
  await turns(3);
  expect(unheard).toEqual([]);
  return { ...made, problems, report };
}

describe("onDrop", () => {
  test.each(failing)("that %s: what was dropped is counted all the same", async (_what, onDrop) => {
    const { problems, report } = await work({ onDrop }, true);
    expect(report).toMatchObject({ ok: true, events: { rejected: 6 } });
    const told = problems.filter(({ code }) => code === "onDrop_failed");
    expect(told).toHaveLength(1);
    expect(told[0]?.message).toMatch(/^onDrop failed: /);
    expect(told[0]?.message).not.toContain("sk-abc");
  });
});

describe("queueIdempotencyKey", () => {
  test.each(failing)("that %s: every event is sent", async (_what, queueIdempotencyKey) => {
    const { problems, report } = await work({ queueIdempotencyKey });
    expect(report).toMatchObject({ ok: true, events: { delivered: 6 } });
    expect(problems.map(({ code }) => code)).toEqual(["queueIdempotencyKey_failed"]);
    expect(problems[0]?.message).toMatch(/^queueIdempotencyKey failed: /);
    expect(problems[0]?.message).not.toContain("sk-abc");
  });

  test.each([
    ["a promise of text", async () => "key"],
    ["a number", () => 5],
    ["an object", () => ({ key: "key" })],
  ])("that gives %s is told what is expected", async (_what, queueIdempotencyKey) => {
    const { problems, report, apie } = await work({ queueIdempotencyKey: queueIdempotencyKey as never });
    expect(report).toMatchObject({ events: { delivered: 6 } });
    expect(apie.queueDiagnostics().deduplicatedCount).toBe(0);
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^queueIdempotencyKey failed: expected text, got /),
    ]);
  });

  test.each([
    ["nothing", () => undefined],
    ["null", () => null],
  ])("that gives %s lets the event be sent", async (_what, queueIdempotencyKey) => {
    const { problems, report } = await work({ queueIdempotencyKey: queueIdempotencyKey as never });
    expect(report).toMatchObject({ events: { delivered: 6 } });
    expect(problems).toEqual([]);
  });

  test("that gives one text: one event of it is queued at a time", async () => {
    const { report, apie, server } = await work({ queueIdempotencyKey: ({ type }) => String(type) });
    expect(report).toMatchObject({ events: { delivered: 3 } });
    expect(apie.queueDiagnostics().deduplicatedCount).toBe(3);
    expect(new Set(server.types).size).toBe(3);
    await apie.withTool({ tool: { name: "three" } }, () => 1);
    expect(await apie.flush()).toMatchObject({ events: { delivered: 6 } });
  });
});

describe("redact", () => {
  test.each(failing.slice(0, 2))("that %s costs the payload", async (_what, redact) => {
    const { problems, report, server } = await work({ redact });
    expect(report).toMatchObject({ ok: true, events: { delivered: 6 } });
    expect(server.events.map(({ metadata }) => metadata)).toEqual(
      new Array(6).fill({ redact_failed: true, capture_source: "otel_bridge" }),
    );
    expect(problems.map(({ message }) => message)).toEqual([expect.stringMatching(/^redact failed: /)]);
    expect(problems[0]?.message).not.toContain("sk-abc");
  });
});

describe("onError", () => {
  test.each(failing)("that %s hurts nobody", async (_what, onError) => {
    const { report } = await work({ onError }, true);
    expect(report).toMatchObject({ ok: true, events: { rejected: 6 } });
  });

  test.each(failing)("and onDrop that %s, both", async (_what, hook) => {
    const { report } = await work({ onError: hook, onDrop: hook }, true);
    expect(report).toMatchObject({ ok: true, events: { rejected: 6 } });
  });
});

test.each(failing.slice(0, 2))("an inputSummary that %s costs the summary", async (_what, inputSummary) => {
  const { apie, problems } = await work({});
  expect(await apie.wrap(() => 42, { inputSummary })()).toBe(42);
  await turns(3);
  expect(unheard).toEqual([]);
  expect(problems.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^wrap: inputSummary failed: /),
  ]);
});
