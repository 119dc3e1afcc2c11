/** PII leaks past the mask: masks of the user's that throw, hang, give nothing or garbage, or write to what they were given. */
import { describe, expect, test } from "vitest";
import type { ApieOptions } from "../../src/index.ts";
import { turns } from "../api/support/api.ts";
import { type Watched, watchApi as watch } from "./support/watch.ts";

const CANARY = "Zq7canary";

type Mask = NonNullable<ApieOptions["redact"]>;

/** A session with one of each, and the canary in everything a mask may look at. */
async function work({ apie, flush }: Watched): Promise<void> {
  const common = { metadata: { note: CANARY, [CANARY]: 1 }, payloadSummary: { note: CANARY } };
  const target = {
    action: { type: CANARY, name: CANARY },
    resource: { type: CANARY, externalId: CANARY, provider: CANARY, environment: CANARY },
  };
  const step = { stepKey: CANARY, stepName: CANARY };
  await apie.withSession({ inputSummary: CANARY, metadata: common.metadata }, async (session) => {
    session.setOutputSummary(CANARY);
    const input = { ...common, inputSummary: CANARY, input: CANARY, trigger: CANARY, stepName: CANARY };
    await apie.withRun(input, async (run) => {
      run.setOutputSummary(CANARY);
      await apie.withWorkflowStep({ ...common, ...step }, async () => {
        await apie.withTool({ ...common, ...target, tool: { name: CANARY, provider: CANARY } }, () => CANARY);
        await apie.withLlmCall({ ...common, model: { provider: CANARY, name: CANARY } }, () => CANARY);
        await apie.withMcpCall({ ...common, server: CANARY, tool: CANARY }, () => CANARY);
        apie.trackApprovalRequested({ ...common, ...target, approvalId: CANARY, reason: CANARY });
        apie.trackHandoffRequested({ ...common, target: { key: "other", name: CANARY }, reason: CANARY });
        apie.captureError({ error: new TypeError(CANARY) });
      });
      return CANARY;
    });
  });
  await flush();
}

const eventsOf = ({ server }: Watched): string => JSON.stringify(server.events);

const cyclic = (): object => {
  const event: Record<string, unknown> = { type: "x", agentKey: "a", metadata: {} };
  event.metadata = { event };
  return event;
};

const FAILING: readonly (readonly [string, (event: never) => unknown])[] = [
  [
    "throws",
    () => {
      throw new Error("mask");
    },
  ],
  [
    "throws what it was given",
    (event) => {
      throw new Error(JSON.stringify(event));
    },
  ],
  [
    "throws after it has written to the event",
    (event: { metadata: object }) => {
      Object.assign(event.metadata, { more: CANARY });
      throw new Error("late");
    },
  ],
  ["never answers", () => new Promise(() => undefined)],
  ["answers with a promise", async (event) => event],
  ["rejects", () => Promise.reject(new Error(CANARY))],
  ["gives text", () => CANARY],
  ["gives a number", () => 5],
  ["gives a list of events", (event) => [event]],
  [
    "gives a proxy that cannot be read",
    (event) =>
      new Proxy(event as object, {
        ownKeys() {
          throw new Error(CANARY);
        },
      }),
  ],
];

describe("a mask that fails lets nothing through it would have seen", () => {
  test.each(FAILING)("%s", async (_what, mask) => {
    const watched = await watch({ captureContent: true, redact: mask as Mask });
    await work(watched);
    await turns(3);
    expect(watched.server.events.length).toBeGreaterThan(10);
    // Not in the events, and not in what opens and completes runs and sessions either.
    expect(watched.everything()).not.toContain(CANARY);
    expect(watched.said()).toMatch(/redact failed/);
    expect(watched.apie.queueDiagnostics().events).toMatchObject({ rejected: 0, dropped: 0, pending: 0 });
  });
});

test("one that gives nothing drops events, and what runs and sessions say beside what they are", async () => {
  const watched = await watch({ captureContent: true, redact: () => undefined });
  await work(watched);
  expect(watched.server.events).toEqual([]);
  expect(watched.apie.queueDiagnostics()).toMatchObject({
    runs: { opened: 1, completed: 1 },
    sessions: { opened: 1, completed: 1 },
  });
  expect(watched.apie.queueDiagnostics().reasons).not.toEqual({});
  expect(watched.everything()).not.toContain(CANARY);
});

describe("what a mask gives is taken as far as it is an event", () => {
  const gives = async (redact: unknown): Promise<Watched> => {
    const watched = await watch({ redact: redact as Mask });
    await work(watched);
    expect(watched.server.events.length).toBeGreaterThan(10);
    return watched;
  };

  test("an event of its own making", async () => {
    const watched = await gives(({ type, agentKey }: { type: string; agentKey: string }) => ({
      type,
      agentKey,
    }));
    expect(eventsOf(watched)).not.toContain(CANARY);
  });

  test("the event it was given, changed", async () => {
    const watched = await gives((event: Record<string, unknown>) =>
      JSON.parse(JSON.stringify(event).replaceAll(CANARY, "masked")),
    );
    expect(watched.everything()).not.toContain(CANARY);
    expect(eventsOf(watched)).toContain("masked");
    const [session, run] = [/\/sessions$/, /\/runs$/].map((path) => watched.server.to(path)[0]?.body);
    expect(session).toMatchObject({ input_summary: "masked", metadata: { note: "masked" } });
    expect(run).toMatchObject({ input_summary: "masked", metadata: { trigger: "masked", masked: 1 } });
  });

  test.each<[what: string, mask: (event: object) => unknown, left: string]>([
    ["a circle", cyclic, "[Circular]"],
    ["a proxy", (event) => new Proxy({ ...event, metadata: { kept: 1 } }, {}), '"kept":1'],
    [
      "a getter that throws",
      (event) => ({
        ...event,
        get metadata(): never {
          throw new Error(CANARY);
        },
      }),
      "agent.llm.called",
    ],
  ])("%s", async (_what, mask, left) => {
    const watched = await gives(mask);
    expect(eventsOf(watched)).toContain(left);
    expect(watched.said()).not.toContain(CANARY);
  });

  test("nothing it keeps, and writes to later, changes what is sent", async () => {
    const kept: { metadata?: Record<string, unknown> }[] = [];
    const watched = await watch({
      redact: (event) => {
        for (const earlier of kept) if (earlier.metadata !== undefined) earlier.metadata.note = "Zq7 later";
        kept.push(event);
        return event;
      },
    });
    await work(watched);
    expect(kept.length).toBeGreaterThan(10);
    expect(eventsOf(watched)).not.toContain("Zq7 later");
  });

  test("secrets it adds are replaced after it", async () => {
    const secret = "sk-abcdefghijklmnopqrstuvwxyz0123456789";
    const watched = await gives((event: object) => ({
      ...event,
      stepName: secret,
      metadata: { [secret]: secret },
    }));
    expect(watched.everything()).not.toContain("sk-abc");
  });
});

test("a slow one delays batches and nobody else: the agent's own calls do not wait for it", async () => {
  let calls = 0;
  const watched = await watch({
    maxBatchSize: 1,
    redact: (event) => {
      calls += 1;
      const until = performance.now() + 20;
      while (performance.now() < until);
      return event;
    },
  });
  const before = calls;
  await watched.apie.withRun({}, () => {
    for (let index = 0; index < 20; index += 1) watched.apie.track({ type: "told" });
    expect(calls).toBe(before);
  });
  await watched.flush();
  expect(watched.server.eventsOf("told")).toHaveLength(20);
  // Those, and the run as it is opened and completed.
  expect(calls).toBe(22);
});
