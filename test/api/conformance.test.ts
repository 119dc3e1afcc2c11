/** Every span our API writes keeps to the agent.* convention, wherever and however it is written. */
import { describe, expect, test } from "vitest";
import type { Apie } from "../../src/index.ts";
import { apiSetup } from "./support/api.ts";
import { TRACK_CALLS, WORK_CALLS } from "./support/calls.ts";

interface Place {
  inside: { run: boolean; session: boolean };
  within(apie: Apie, fn: () => Promise<void>): Promise<void>;
}

const PLACES: Readonly<Record<string, Place>> = {
  "on its own": { inside: { run: false, session: false }, within: (_apie, fn) => fn() },
  "in a session": {
    inside: { run: false, session: true },
    within: (apie, fn) => apie.withSession({}, fn),
  },
  "in a run": { inside: { run: true, session: false }, within: (apie, fn) => apie.withRun({}, fn) },
  "in a run of a session": {
    inside: { run: true, session: true },
    within: (apie, fn) => apie.withSession({ kind: "multi_agent" }, () => apie.withRun({}, fn)),
  },
  "in a step": {
    inside: { run: true, session: true },
    within: (apie, fn) =>
      apie.withSession({}, () => apie.withRun({}, () => apie.withWorkflowStep({ stepName: "Look" }, fn))),
  },
  "in a resumed session": {
    inside: { run: true, session: true },
    within: async (apie, fn) => {
      const handle = await apie.sessions.start({ kind: "pipeline" });
      await apie.sessions.resume(handle, () => apie.withRun({}, fn));
      apie.sessions.complete(handle, { outputSummary: "done", metadata: { a: 1 } });
    },
  },
};

async function* pieces(): AsyncGenerator<number> {
  yield 1;
  yield 2;
}

const OUTCOMES: Readonly<
  Record<string, (run: <T>(fn: () => T | Promise<T>) => Promise<T>) => Promise<void>>
> = {
  "that returns": async (run) => {
    expect(await run(() => 42)).toBe(42);
  },
  "that throws": async (run) => {
    const error = new RangeError("no");
    await expect(
      run(() => {
        throw error;
      }),
    ).rejects.toBe(error);
  },
  "that streams": async (run) => {
    const read: number[] = [];
    for await (const piece of await run(pieces)) read.push(piece);
    expect(read).toEqual([1, 2]);
  },
};

const PLACED = new Set(["run", "run_start", "session", "session_start", "session_end"]);

describe.each(Object.entries(PLACES))("%s", (_where, { inside, within }) => {
  describe.each(Object.entries(WORK_CALLS))("%s", (_name, { operations, run }) => {
    test.each(Object.entries(OUTCOMES))("%s", async (_how, outcome) => {
      const { apie, seen } = await apiSetup({ captureContent: true });
      await within(apie, async () => {
        const before = seen.ours.length;
        await outcome((fn) => run(apie, fn));
        const written = seen.ours.slice(before);
        // A marker is written where something is active to lead from.
        const isMarked = inside.run || inside.session || operations.includes("handoff");
        expect(written.map(({ operation }) => operation)).toEqual(
          operations.filter((operation) => operation !== "run_start" || isMarked),
        );
        for (const { operation, attributesAtStart } of written) {
          if (operation === "session") continue;
          expect("agent.session.id" in attributesAtStart).toBe(inside.session);
          if (!PLACED.has(String(operation))) expect("agent.run.id" in attributesAtStart).toBe(inside.run);
        }
        expect(seen.findings()).toEqual([]);
      });
      const work = seen.ours.filter(({ operation }) => !PLACED.has(String(operation)));
      expect(work.length).toBeGreaterThanOrEqual(operations.some((one) => !PLACED.has(one)) ? 1 : 0);
    });
  });

  test.each(Object.entries(TRACK_CALLS))("%s", async (_name, { operation, tell }) => {
    const { apie, seen } = await apiSetup({ captureContent: true });
    await within(apie, async () => {
      const before = seen.ours.length;
      tell(apie);
      const written = seen.ours.slice(before);
      expect(written.map((span) => span.operation)).toEqual([operation]);
      expect("agent.run.id" in (written[0]?.attributesAtStart ?? {})).toBe(inside.run);
      expect("agent.session.id" in (written[0]?.attributesAtStart ?? {})).toBe(inside.session);
    });
    expect(seen.findings()).toEqual([]);
  });
});

describe("agents, sessions and runs", () => {
  test("long-lived sessions of every kind, ended in every way", async () => {
    const { apie, seen } = await apiSetup();
    for (const kind of ["single_agent", "multi_agent", "pipeline"] as const) {
      for (const status of ["completed", "failed", "cancelled"] as const) {
        const handle = await apie.sessions.start({ kind, inputSummary: "A ticket", metadata: { a: 1 } });
        apie.sessions.complete(handle, { status, outputSummary: "done" });
      }
    }
    expect(seen.operations).toEqual(new Array(9).fill(["session_start", "session_end"]).flat());
    expect(seen.findings({ session: true, run: false })).toEqual([]);
  });

  test("runs opened and completed by hand, in every status", async () => {
    const { apie, seen } = await apiSetup({ captureContent: true });
    for (const status of ["completed", "failed", "cancelled"] as const) {
      const run = apie.runs.start({ inputSummary: "Help", input: "all of it" });
      run.setOutputSummary("so far");
      run.setOutput({ a: 1 });
      apie.runs.complete(run, { status, outputSummary: "done", metadata: { a: 1 } });
    }
    expect(seen.ours.map(({ attributes }) => attributes["agent.run.status"])).toEqual([
      "completed",
      "failed",
      "cancelled",
    ]);
    expect(seen.findings({ session: false })).toEqual([]);
  });

  test("nested runs, and runs without markers", async () => {
    const nested = await apiSetup({ runSpans: "nested" });
    await nested.apie.withSession({}, () =>
      nested.apie.withRun({}, () => nested.apie.withHandoff({ target: { key: "other" } }, () => 1)),
    );
    expect(nested.seen.operations).toEqual(["run", "handoff", "run", "session"]);
  });

  test("what the registration and Apie's answers add", async () => {
    const { apie, seen } = await apiSetup({
      apieIdsOnSpans: true,
      version: { version: "1.2.3" },
      runtime: { framework: "own" },
    });
    await apie.ready();
    await apie.withSession({}, async (session) => {
      await session.apieId();
      await apie.withRun({}, (run) => run.apieId());
    });
    expect(seen.one("invoke_agent Support").attributes).toMatchObject({
      "agent.id": "agt_1",
      "agent.version": "1.2.3",
      "agent.framework.name": "own",
      "apie.run.id": expect.stringMatching(/^run_/),
      "apie.session.id": expect.stringMatching(/^ses_/),
    });
    expect(seen.one("session single_agent").attributes["apie.session.id"]).toMatch(/^ses_/);
  });

  test("an agent without a name is called by its key", async () => {
    const { apie, seen } = await apiSetup();
    await apie.withHandoff({ target: { key: "nameless" } }, () => 1);
    expect(seen.all.map(({ name }) => name)).toEqual([
      "start_run nameless",
      "invoke_agent nameless",
      "handoff nameless",
    ]);
  });
});
