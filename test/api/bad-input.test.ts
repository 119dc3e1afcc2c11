/** Input of the wrong kind: the callback runs and its value comes back, what can be told is told, and the developer is told once. */
import { describe, expect, test } from "vitest";
import { Apie, ApieError } from "../../src/index.ts";
import { apiSetup, delivered, metadataOf, only, runsAt } from "./support/api.ts";

const throwing = new Proxy(
  {},
  {
    get() {
      throw new Error("do not look");
    },
    ownKeys() {
      throw new Error("do not look");
    },
    getPrototypeOf() {
      throw new Error("do not look");
    },
    has() {
      throw new Error("do not look");
    },
  },
);

function cyclic(): unknown {
  const value: Record<string, unknown> = { name: "cycle" };
  value.self = value;
  return value;
}

/** Values no signature asks for. */
const GARBAGE: readonly (readonly [string, unknown])[] = [
  ["undefined", undefined],
  ["null", null],
  ["a number", 5],
  ["NaN", Number.NaN],
  ["a bigint", 5n],
  ["a text", "text"],
  ["an empty text", ""],
  ["a lone surrogate", "\ud800"],
  ["a huge text", "x".repeat(300_000)],
  ["a symbol", Symbol("s")],
  ["true", true],
  ["a function", () => 1],
  ["an array", [1, [2]]],
  ["a date", new Date(Number.NaN)],
  ["a cycle", cyclic()],
  ["a Proxy that throws", throwing],
  [
    "a toJSON that throws",
    {
      toJSON() {
        throw new Error("do not look");
      },
      toString() {
        throw new Error("do not look");
      },
    },
  ],
  ["an object without prototype", Object.assign(Object.create(null), { a: 1 })],
  ["a Map", new Map([["a", 1]])],
  ["an error", new Error("e")],
];

/** The fields that any input of the API has, all of one value. */
const FIELDS = [
  "tool",
  "action",
  "resource",
  "model",
  "server",
  "serverVersion",
  "target",
  "source",
  "type",
  "status",
  "kind",
  "stage",
  "operation",
  "method",
  "stepKey",
  "stepName",
  "stepIndex",
  "stepType",
  "inputSummary",
  "outputSummary",
  "metadata",
  "payloadSummary",
  "payload",
  "arguments",
  "input",
  "result",
  "reason",
  "role",
  "trigger",
  "purpose",
  "promptHash",
  "stream",
  "riskLevel",
  "approvalId",
  "resolvedBy",
  "error",
  "handled",
  "agentKey",
  "agentName",
  "handoffId",
  "targetAgentId",
  "actionType",
  "actionName",
  "resourceType",
  "resourceId",
  "environment",
  "callId",
] as const;

const inputsOf = (value: unknown): unknown[] => [
  value,
  Object.fromEntries(FIELDS.map((field) => [field, value])),
  {
    tool: { name: value, provider: value, riskLevel: value, type: value, callId: value },
    action: { type: value, name: value, riskLevel: value },
    resource: { type: value, externalId: value, provider: value, environment: value },
    model: { provider: value, name: value },
    target: { key: value, name: value },
    source: { key: value, name: value },
    server: value,
    stepName: value,
    runId: value,
    sessionId: value,
    parentRunId: value,
    sourceRunId: value,
    targetRunId: value,
  },
];

const WITH = [
  "withRun",
  "withChildRun",
  "withSession",
  "withTool",
  "withLlmCall",
  "withMcpCall",
  "withMcpToolCall",
  "withWorkflowStep",
  "withHandoff",
] as const;

const TRACK = [
  "track",
  "trackToolCall",
  "trackActionRequested",
  "trackActionCompleted",
  "trackActionFailed",
  "trackResourceTouched",
  "trackApprovalRequested",
  "trackApprovalResolved",
  "trackHandoffRequested",
  "trackHandoffAccepted",
  "trackHandoffCompleted",
  "trackHandoffFailed",
  "captureError",
] as const;

type AnyMethod = (...given: unknown[]) => unknown;
const method = (of: object, name: string): AnyMethod =>
  (Reflect.get(of, name) as (...given: unknown[]) => unknown).bind(of);

describe.each([
  ["with content", true],
  ["without content", false],
])("%s", (_how, captureContent) => {
  test.each(GARBAGE)(
    "%s in every place of every call changes nothing for the application",
    async (_what, value) => {
      const { apie, server } = await apiSetup({ captureContent, apieIdsOnSpans: true });
      const result = { mine: true };
      for (const input of inputsOf(value)) {
        for (const name of WITH) {
          let ran = 0;
          const callback = (handle: unknown) => {
            ran += 1;
            for (const setter of ["setUsage", "setResponse", "setTools", "setOutputSummary", "setOutput"]) {
              if (Reflect.has(Object(handle), setter)) method(handle as object, setter)(input);
            }
            return result;
          };
          expect(await method(apie, name)(input, callback), name).toBe(result);
          expect(ran, name).toBe(1);
          const error = new Error("mine");
          await expect(
            method(apie, name)(input, () => Promise.reject(error)),
            name,
          ).rejects.toBe(error);
        }
        expect(await (method(apie, "wrap")(() => result, input) as () => unknown)()).toBe(result);
        for (const name of TRACK) expect(() => method(apie, name)(input), name).not.toThrow();
        const run = method(apie.runs, "start")(input) as { in(fn: () => unknown): unknown };
        expect(run.in(() => result)).toBe(result);
        expect(method(apie.runs, "complete")(value, input)).toBe(false);
        expect(method(apie.runs, "complete")(run, input)).toBe(true);
        const handle = await method(apie.sessions, "start")(input);
        method(apie.sessions, "complete")(handle, input);
        expect(() => method(apie.propagation, "headers")(value)).not.toThrow();
      }
      // What was sent is sound and what was written conforms: `apiSetup` sees to that.
      await delivered(apie);
      expect(server.events.length).toBeGreaterThan(30);
    },
  );
});

describe("names", () => {
  test("that are missing are told once, with the field, and stand as unknown", async () => {
    const problems: string[] = [];
    const { apie, server, seen } = await apiSetup({ onError: (error) => problems.push(error.message) });
    for (const _turn of [1, 2]) expect(await method(apie, "withTool")({}, () => 42)).toBe(42);
    await method(apie, "withLlmCall")(null, () => 1);
    await delivered(apie);
    expect(seen.named("execute_tool unknown")).toHaveLength(2);
    expect(server.events[0]?.tool).toEqual({ name: "unknown" });
    expect(
      problems.filter((problem) => problem.startsWith("withTool: tool.name: expected text")),
    ).toHaveLength(1);
    expect(problems.filter((problem) => problem.startsWith("withLlmCall: model.name"))).toHaveLength(1);
  });

  test("that are numbers are taken for their text", async () => {
    const { apie, seen } = await apiSetup();
    await method(apie, "withTool")({ tool: { name: 5 } }, () => 1);
    expect(seen.one("execute_tool 5").attributes["gen_ai.tool.name"]).toBe("5");
  });

  test("that are huge are cut, in span and attribute alike", async () => {
    const { apie, seen } = await apiSetup();
    await apie.withTool({ tool: { name: "x".repeat(100_000) } }, () => 1);
    const [span] = seen.ours;
    expect(span?.name.length).toBeLessThan(1_200);
    expect(span?.name).toBe(`execute_tool ${span?.attributes["gen_ai.tool.name"]}`);
  });
});

describe("words of closed sets", () => {
  test("others are left out, and told once with what is right", async () => {
    const problems: string[] = [];
    const { apie, server } = await apiSetup({ onError: (error) => problems.push(error.message) });
    await apie.withRun({}, async () => {
      await method(apie, "withTool")({ tool: { name: "t", riskLevel: "extreme" } }, () => 1);
      await method(apie, "withWorkflowStep")({ stepName: "s", stepType: "dance" }, () => 1);
      await method(apie, "withLlmCall")({ model: { provider: "p", name: "m" }, operation: "sing" }, () => 1);
      method(apie, "trackApprovalResolved")({ approvalId: "a", status: "perhaps" });
    });
    await delivered(apie);
    expect(server.events[0]?.tool).toEqual({ name: "t" });
    expect(server.eventsOf("agent.workflow.step.started")[0]?.payload_summary).toEqual({ kind: "task" });
    expect(server.eventsOf("agent.llm.called")[0]?.payload_summary).toMatchObject({ operation: "chat" });
    // A decision nobody can read lets nothing through.
    expect(server.eventsOf("agent.approval.resolved")[0]?.approval).toMatchObject({ status: "cancelled" });
    expect(problems.map((problem) => problem.split(": expected")[0])).toEqual([
      "tool.riskLevel",
      "withWorkflowStep: stepType",
      "withLlmCall: operation",
      "trackApprovalResolved: status",
    ]);
    expect(problems[0]).toContain('"low", "medium", "high", "critical"');
  });

  test("a status of runs.complete nobody knows is completed, or failed where there is an error", async () => {
    const { apie, server } = await apiSetup();
    method(apie.runs, "complete")(apie.runs.start(), { status: "ok" });
    method(apie.runs, "complete")(apie.runs.start(), { status: "ko", error: new Error("no") });
    await delivered(apie);
    expect(runsAt(server).map(({ completion }) => completion?.status)).toEqual(["completed", "failed"]);
  });
});

describe("payloads", () => {
  const hostile = {
    good: "kept",
    cycle: cyclic(),
    big: 12_345_678_901_234_567_890n,
    get getter(): string {
      throw new Error("do not look");
    },
    toJson: {
      toJSON() {
        throw new Error("do not look");
      },
    },
    proxy: throwing,
    surrogate: "a\ud800b",
    nothing: null,
    fn: () => 1,
    date: new Date(0),
    ["__proto__"]: "own",
  };

  test.each(["metadata", "payloadSummary"])(
    "what cannot be written costs that member only: %s",
    async (field) => {
      const { apie, server } = await apiSetup();
      await apie.withRun({}, () =>
        apie.withLlmCall({ model: { provider: "p", name: "m" }, [field]: hostile }, () => 1),
      );
      await delivered(apie);
      const [event] = server.events;
      const sent = field === "metadata" ? metadataOf(event ?? {}) : event?.payload_summary;
      expect(sent).toMatchObject({
        good: "kept",
        big: "12345678901234567890",
        cycle: { name: "cycle" },
        date: "1970-01-01T00:00:00.000Z",
        surrogate: "a\ufffdb",
      });
      expect(sent).not.toHaveProperty("fn");
    },
  );

  test("a member of the input that throws costs that member only", async () => {
    const { apie, server } = await apiSetup();
    const input = {
      tool: { name: "search" },
      get metadata(): Record<string, unknown> {
        throw new Error("do not look");
      },
      get action(): never {
        throw new Error("do not look");
      },
    };
    expect(await apie.withRun({}, () => apie.withTool(input, () => 42))).toBe(42);
    await delivered(apie);
    expect(server.events[0]).toMatchObject({ tool: { name: "search" } });
  });

  test("instances of classes are read, accessors included", async () => {
    class Ticket {
      readonly #id = "T-1";
      get externalId(): string {
        return this.#id;
      }
      readonly type = "work_item";
    }
    const { apie, server } = await apiSetup();
    await apie.withRun({}, () => apie.trackResourceTouched({ resource: new Ticket() }));
    await delivered(apie);
    expect(only(server.events).resource).toEqual({ type: "work_item", external_id: "T-1" });
  });

  test("what is no object becomes its value", async () => {
    const { apie, server } = await apiSetup();
    await apie.withRun({}, () => {
      method(apie, "track")({ type: "own", payload: "just a text" });
      method(apie, "track")({ type: "own", payload: [1, 2] });
    });
    await delivered(apie);
    expect(server.events.map((event) => metadataOf(event).value)).toEqual(["just a text", [1, 2]]);
  });

  test("one that is too large loses its largest members first", async () => {
    const { apie, server } = await apiSetup();
    await apie.withRun({}, () =>
      apie.track({ type: "own", payload: { small: 1, large: "x".repeat(50_000), other: "y".repeat(3_000) } }),
    );
    await delivered(apie);
    expect(metadataOf(only(server.events))).toMatchObject({
      small: 1,
      large: "[Too large]",
      other: "y".repeat(3_000),
    });
  });

  test("one of very many members says that it is cut", async () => {
    const { apie, server } = await apiSetup();
    const payload = Object.fromEntries(
      Array.from({ length: 5_000 }, (_, n) => [`member_${n}`, "y".repeat(100)]),
    );
    await apie.withRun({}, () => apie.track({ type: "own", payload }));
    await delivered(apie);
    expect(metadataOf(only(server.events))).toMatchObject({ truncated: true });
  });

  test("usage and cost that are no numbers are left out", async () => {
    const { apie, server } = await apiSetup();
    await apie.withRun({}, () =>
      apie.withLlmCall({ model: { provider: "p", name: "m" } }, (call) => {
        method(
          call,
          "setUsage",
        )({ inputTokens: "many", outputTokens: -1, cacheReadTokens: Number.NaN, totalTokens: 1.5 });
        method(call, "setResponse")({ cost: { amount: "much", currency: "EUR" } });
      }),
    );
    await delivered(apie);
    const answer = server.eventsOf("agent.llm.completed")[0]?.payload_summary;
    expect(answer).not.toHaveProperty("usage");
    expect(answer).not.toHaveProperty("cost");
  });

  test.each([1e300, -1e300, Number.POSITIVE_INFINITY])(
    "a cost of %s, which a Collector would refuse with all that is in the batch, is left out",
    async (amount) => {
      const { apie, otel } = await apiSetup();
      await apie.withRun({}, () =>
        apie.withLlmCall({ model: { provider: "p", name: "m" } }, (call) => {
          call.setUsage({ inputTokens: Number.MAX_SAFE_INTEGER, outputTokens: 2 });
          call.setResponse({ cost: { amount } });
        }),
      );
      const numbers = otel
        .spans()
        .flatMap(({ attributes }) => Object.values(attributes))
        .filter((value) => typeof value === "number");
      expect(numbers.length).toBeGreaterThan(2);
      expect(numbers.filter((value) => !Number.isSafeInteger(value))).toEqual([]);
    },
  );

  test("an error handed to captureError as it is", async () => {
    const { apie, server } = await apiSetup();
    method(apie, "captureError")(new RangeError("no"));
    method(apie, "captureError")("a text");
    await delivered(apie);
    expect(server.events.map((event) => event.error)).toEqual([
      { message: "RangeError" },
      { message: "string" },
    ]);
  });
});

describe("without a callback", () => {
  const callbacks = [undefined, null, 5, {}, "fn"];

  test.each([...WITH])("%s says what is missing, and writes nothing", async (name) => {
    const { apie, seen } = await apiSetup();
    for (const fn of callbacks) {
      const error: unknown = await (method(apie, name)({}, fn) as Promise<unknown>).catch((thrown) => thrown);
      expect(error).toBeInstanceOf(ApieError);
      expect(error).toMatchObject({
        code: "invalid_argument",
        message: expect.stringContaining(`${name}: fn:`),
      });
    }
    expect(seen.all).toEqual([]);
  });

  test("so do wrap, run.in and sessions.resume, at once", async () => {
    const { apie } = await apiSetup();
    const run = apie.runs.start();
    const handle = await apie.sessions.start();
    for (const fn of callbacks) {
      expect(() => method(apie, "wrap")(fn)).toThrow("wrap: fn: expected a function");
      expect(() => method(run, "in")(fn)).toThrow("run.in: fn: expected a function");
      expect(() => method(apie.sessions, "resume")(handle, fn)).toThrow("sessions.resume: fn:");
    }
    apie.runs.complete(run);
  });
});

describe("what asks Apie refuses garbage with an ApieError", () => {
  test.each(GARBAGE)("%s", async (_what, value) => {
    const { apie } = await apiSetup();
    const outcome = async (call: () => unknown): Promise<unknown> => {
      try {
        await call();
        return "fine";
      } catch (error) {
        return error instanceof ApieError ? "fine" : error;
      }
    };
    for (const call of [
      () => method(apie.capabilities, "declare")(value),
      () => method(apie.capabilities, "declare")([value]),
      () => method(apie.tools, "define")(value),
      () => method(apie.tools, "define")({ name: "t", inputSchema: value }),
      () => method(apie, "validateEvents")(value),
      () => method(apie, "validateEvents")([value]),
      () => method(apie, "validateEvents")({ type: "own", agentKey: "a" }, value),
      () => method(apie, "sendTestEvent")(value),
      () => method(apie, "sendTestEvent")({ mode: value }),
    ]) {
      expect(await outcome(call), String(call)).toBe("fine");
    }
  });
});

test("options that are no object are refused by name", () => {
  for (const given of [null, 5, "options", [], () => 1]) {
    expect(() => Reflect.construct(Apie, [given])).toThrow(ApieError);
  }
});
