/** Callbacks that throw: the work has failed, the error is told once, and thrown on as it was. */
import { describe, expect, test } from "vitest";
import type { Apie } from "../../src/index.ts";
import { apiSetup, delivered, metadataOf, only, runsAt, sessionsAt } from "./support/api.ts";
import { WORK_CALLS } from "./support/calls.ts";

class QuotaExceeded extends Error {}

const hostile = new Proxy(
  {},
  {
    get() {
      throw new Error("do not look");
    },
    getPrototypeOf() {
      throw new Error("do not look");
    },
  },
);

class Unnameable extends Error {
  override get name(): string {
    throw new Error("do not look");
  }
  override get message(): string {
    throw new Error("do not look");
  }
  override get stack(): string {
    throw new Error("do not look");
  }
}

const THROWN: readonly (readonly [string, unknown, string])[] = [
  ["an error", new TypeError("no"), "TypeError"],
  ["an error of one's own class", new QuotaExceeded("no"), "QuotaExceeded"],
  ["an error named by hand", Object.assign(new Error("no"), { name: "AbortError" }), "AbortError"],
  ["an error with a sentence for a name", Object.assign(new Error("no"), { name: "it went wrong" }), "Error"],
  ["a frozen error", Object.freeze(new RangeError("no")), "RangeError"],
  ["an error that throws when it is read", new Unnameable(), "Error"],
  ["a text", "no", "string"],
  ["a number", 42, "number"],
  ["undefined", undefined, "undefined"],
  ["null", null, "null"],
  ["a symbol", Symbol("no"), "symbol"],
  ["an object", { message: "no" }, "Object"],
  ["an object without prototype", Object.create(null), "Object"],
  ["a Proxy that throws", hostile, "Object"],
  ["a function", () => "no", "function"],
];

async function thrownBy(work: Promise<unknown>): Promise<{ error: unknown }> {
  try {
    await work;
  } catch (error) {
    return { error };
  }
  throw new Error("it did not throw");
}

describe.each([
  ["with content", true],
  ["without content", false],
])("%s", (_how, captureContent) => {
  test.each(THROWN)("%s is thrown on as it is, and told by its class", async (_what, thrown, type) => {
    const { apie, server, seen } = await apiSetup({ captureContent });
    const working = apie.withRun({}, () =>
      apie.withTool({ tool: { name: "search" } }, () => {
        throw thrown;
      }),
    );
    expect(Object.is((await thrownBy(working)).error, thrown)).toBe(true);
    await delivered(apie);
    const run = only(runsAt(server));
    expect(run.types).toEqual([
      "agent.action.requested",
      "agent.tool.called",
      "agent.action.failed",
      "agent.error",
    ]);
    expect(run.completion).toMatchObject({ status: "failed", metadata: { error_type: type } });
    expect(metadataOf(run.events[3] ?? {}).error_type).toBe(type);
    for (const { attributes, span } of seen.ours) {
      expect(attributes["error.type"]).toBe(type);
      expect(span.status.code).toBe(2);
    }
    if (!captureContent) {
      expect(server.events.slice(2).map(({ error }) => error)).toEqual([
        { message: type },
        { message: type },
      ]);
    }
  });

  test.each(Object.entries(WORK_CALLS))("%s passes on what its callback throws", async (_name, { run }) => {
    const { apie, seen } = await apiSetup({ captureContent });
    const error = Object.freeze(new QuotaExceeded("no"));
    const throwing = () => {
      throw error;
    };
    expect((await thrownBy(run(apie, throwing))).error).toBe(error);
    expect((await thrownBy(run(apie, async () => throwing()))).error).toBe(error);
    const failed = seen.ours.filter(({ operation }) => operation !== "run_start");
    expect(failed.length).toBeGreaterThanOrEqual(2);
    const ids = failed.map(({ attributes }) => attributes["agent.error.id"]);
    expect(new Set(ids).size).toBe(1);
  });
});

/** The same thrown value through every level. */
const through = (apie: Apie, thrown: unknown): Promise<unknown> =>
  apie.withSession({}, () =>
    apie.withRun({}, () =>
      apie.withWorkflowStep({ stepName: "Work" }, () =>
        apie.withChildRun({ agentKey: "worker" }, () =>
          apie.withTool({ tool: { name: "search" } }, async () => {
            await Promise.resolve();
            throw thrown;
          }),
        ),
      ),
    ),
  );

describe("agent.error is told once", () => {
  test.each([
    ["an error", new QuotaExceeded("no")],
    ["a frozen object", Object.freeze({ a: 1 })],
    ["a text", "no"],
    ["undefined", undefined],
  ])("%s that passes through tool, child run, step, run and session", async (_what, thrown) => {
    const { apie, server, seen } = await apiSetup();
    expect((await thrownBy(through(apie, thrown))).error).toBe(thrown);
    await delivered(apie);
    const told = only(server.eventsOf("agent.error"));
    const [run, child] = runsAt(server);
    expect(told.run_id).toBe(child?.id);
    expect([run, child].map((one) => one?.completion?.status)).toEqual(["failed", "failed"]);
    expect(only(sessionsAt(server)).completion?.status).toBe("failed");
    const ids = seen.ours
      .map(({ attributes }) => attributes["agent.error.id"])
      .filter((id) => id !== undefined);
    expect(ids).toHaveLength(5);
    expect(new Set(ids).size).toBe(1);
  });

  test("a captured error that is thrown later is not told again", async () => {
    const { apie, server } = await apiSetup();
    const error = new QuotaExceeded("no");
    const working = apie.withRun({}, () => {
      apie.captureError({ error });
      throw error;
    });
    await expect(working).rejects.toBe(error);
    await delivered(apie);
    expect(server.types).toEqual(["agent.error"]);
    expect(only(runsAt(server)).completion?.status).toBe("failed");
  });

  test("equal texts thrown by different runs are different errors", async () => {
    const { apie, server } = await apiSetup();
    await apie.withSession({}, async () => {
      for (const _turn of [1, 2]) await thrownBy(apie.withRun({}, () => Promise.reject("no")));
    });
    await delivered(apie);
    expect(server.eventsOf("agent.error").map((event) => event.run_id)).toEqual(
      runsAt(server).map(({ id }) => id),
    );
  });

  test("one that is caught inside fails what it passed through, and no more", async () => {
    const { apie, server } = await apiSetup();
    await apie.withRun({}, async () => {
      await thrownBy(
        apie.withTool({ tool: { name: "search" } }, () => Promise.reject(new QuotaExceeded("no"))),
      );
      return "recovered";
    });
    await delivered(apie);
    const run = only(runsAt(server));
    expect(run.types).not.toContain("agent.error");
    expect(run.completion).toMatchObject({ status: "completed", metadata: { failures: 1 } });
  });

  test("one thrown in a session outside of its runs is told in the session", async () => {
    const { apie, server } = await apiSetup();
    const error = new QuotaExceeded("no");
    await expect(apie.withSession({}, () => Promise.reject(error))).rejects.toBe(error);
    await delivered(apie);
    const session = only(sessionsAt(server));
    expect(only(server.eventsOf("agent.error"))).toMatchObject({ session_id: session.id });
    expect(session.completion?.status).toBe("failed");
  });
});

describe("what an error says", () => {
  test("is shown where content is captured, bounded, with secrets replaced", async () => {
    const { apie, server, seen } = await apiSetup({ captureContent: true });
    const error = new QuotaExceeded(`key sk-abcdefghijklmnop1234 of ${"x".repeat(100_000)}`);
    await thrownBy(apie.withRun({}, () => Promise.reject(error)));
    await delivered(apie);
    const told = only(server.eventsOf("agent.error"));
    expect(JSON.stringify(told.error)).toContain("key [REDACTED] of xxx");
    const { events, status } = seen.one("invoke_agent Support").span;
    expect(status.message).toContain("key [REDACTED] of xxx");
    expect(JSON.stringify({ events, status }).length).toBeLessThan(40_000);
  });
});
