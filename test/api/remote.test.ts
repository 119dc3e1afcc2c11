/** Calls from another process: what goes along in MCP's `_meta`, and what is believed of what arrives. */
import { context, propagation, trace } from "@opentelemetry/api";
import { beforeEach, describe, expect, test } from "vitest";
import type { Apie } from "../../src/index.ts";
import { apiSetup, delivered, metadataOf, only, runsAt, sessionsAt } from "./support/api.ts";

const idsIn = (meta: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    (meta.baggage ?? "")
      .split(",")
      .filter((entry) => entry !== "")
      .map((entry) => entry.split("=") as [string, string]),
  );

/** What a call of a tool of this server would carry. */
const metaOf = (apie: Apie, server = "library"): Promise<Readonly<Record<string, string>>> =>
  apie.withMcpCall({ server, tool: "find_book" }, (call) => call.meta);

const IDS = {
  "agent.run.id": "run-own",
  "agent.session.id": "session-own",
  "apie.run.id": "run_9",
  "apie.session.id": "ses_9",
};
const TRACE = "1".repeat(32);
const TRACEPARENT = `00-${TRACE}-${"2".repeat(16)}-01`;
const baggage = (ids: Record<string, string>): string =>
  Object.entries(ids)
    .map(([name, value]) => `${name}=${value}`)
    .join(",");

const PROPAGATORS: readonly (readonly [string, () => void])[] = [
  ["the registered propagator", () => undefined],
  ["none", () => propagation.disable()],
  [
    "one that throws",
    () => {
      propagation.disable();
      const fail = (): never => {
        throw new Error("broken propagator");
      };
      propagation.setGlobalPropagator({ inject: fail, extract: fail, fields: fail });
    },
  ],
];

describe.each(PROPAGATORS)("with %s", (_name, register) => {
  test("_meta carries the request's trace, and ids for the servers on the list", async () => {
    const { apie, seen } = await apiSetup({ baggage: { write: ["library"] } });
    register();
    const [run, session, meta, foreign] = await apie.withSession({}, (session) =>
      apie.withRun({}, async (run) => {
        const [apieRun, apieSession] = [await run.apieId(), await session.apieId()];
        return [
          { "agent.run.id": run.id, "apie.run.id": apieRun },
          { "agent.session.id": session.id, "apie.session.id": apieSession },
          await metaOf(apie, "Library"),
          await metaOf(apie, "somebody-else"),
        ] as const;
      }),
    );
    const [span, other] = seen.all.filter(({ name }) => name === "tools/call find_book");
    expect(meta.traceparent).toBe(`00-${span?.traceId}-${span?.spanId}-01`);
    expect(idsIn(meta)).toEqual({ ...run, ...session });
    expect(foreign).toEqual({ traceparent: `00-${other?.traceId}-${other?.spanId}-01` });
  });

  test("what arrives joins the caller's trace, run and session", async () => {
    const { apie, server, seen } = await apiSetup({ baggage: { read: true } });
    register();
    const meta = { traceparent: TRACEPARENT, baggage: baggage(IDS), progressToken: 7 };
    await apie.propagation.withRemoteParent(meta, () =>
      apie.withRun({}, () => apie.track({ type: "at.work" })),
    );
    await delivered(apie);
    expect(only(runsAt(server))).toMatchObject({
      path: "/v1/sessions/ses_9/runs",
      opening: { parent_run_id: "run_9", role: "worker", metadata: { parent_run: "run-own" } },
      events: [{ session_id: "ses_9" }],
    });
    expect(seen.one("invoke_agent Support").links).toMatchObject([{ type: "caused_by", traceId: TRACE }]);
    expect(sessionsAt(server)).toEqual([]);
  });
});

test("withMcpToolCall has it, too", async () => {
  const { apie, seen } = await apiSetup();
  const meta = await apie.withRun({}, () =>
    apie.withMcpToolCall({ server: "library", tool: "find_book" }, (call) => call.meta),
  );
  const { traceId, spanId } = seen.one("tools/call find_book");
  expect(meta).toEqual({ traceparent: `00-${traceId}-${spanId}-01` });
});

test("outside of any run it carries no ids, and without an SDK nothing", async () => {
  const { apie } = await apiSetup({ baggage: { write: true } });
  expect(idsIn(await metaOf(apie))).toEqual({});
  trace.disable();
  expect(await metaOf(apie)).toEqual({});
});

describe("withRemoteParent", () => {
  test("believes no ids unless baggage.read says so, and joins the trace all the same", async () => {
    const { apie, server, seen } = await apiSetup();
    const carrier = { traceparent: TRACEPARENT, baggage: baggage(IDS) };
    await apie.propagation.withRemoteParent(carrier, () => apie.withRun({}, () => 1));
    await delivered(apie);
    expect(only(runsAt(server)).path).toBe("/v1/runs");
    expect(seen.one("invoke_agent Support").attributes).not.toHaveProperty("agent.run.parent.id");
    expect(seen.one("invoke_agent Support").links).toMatchObject([{ type: "caused_by", traceId: TRACE }]);
  });

  const carriers: readonly (readonly [string, unknown])[] = [
    ["headers of node:http", { traceparent: TRACEPARENT, baggage: baggage(IDS), "set-cookie": ["a", "b"] }],
    ["Headers of fetch", new Headers({ traceparent: TRACEPARENT, baggage: baggage(IDS) })],
    ["names in capitals", { Traceparent: TRACEPARENT, BAGGAGE: baggage(IDS) }],
    [
      "a header that came twice",
      {
        traceparent: TRACEPARENT,
        baggage: ["tenant=acme", baggage(IDS)],
      },
    ],
    ["properties behind the values", { traceparent: TRACEPARENT, baggage: `${baggage(IDS)};ttl=5` }],
  ];

  test.each(carriers)("takes %s", async (_what, carrier) => {
    const { apie, server } = await apiSetup({ baggage: { read: true } });
    await apie.propagation.withRemoteParent(carrier as object, () => apie.withRun({}, () => 1));
    await delivered(apie);
    expect(only(runsAt(server))).toMatchObject({
      path: "/v1/sessions/ses_9/runs",
      opening: { parent_run_id: "run_9" },
    });
  });

  const none: readonly (readonly [string, unknown])[] = [
    ["undefined", undefined],
    ["null", null],
    ["text", "traceparent"],
    ["a number", 5],
    ["an empty object", {}],
    ["members of other types", { traceparent: 5, baggage: { a: 1 } }],
    ["damaged members", { traceparent: "00-xyz-1-1", baggage: "=,;=;%%%" }],
    [
      "a getter that throws",
      {
        get traceparent() {
          throw new Error("no");
        },
      },
    ],
    [
      "a Proxy that throws",
      new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error("no");
          },
        },
      ),
    ],
    ["a list", [["traceparent", TRACEPARENT]]],
  ];

  test.each(none)("takes %s for an empty one", async (_what, carrier) => {
    const { apie, server, seen } = await apiSetup({ baggage: { read: true } });
    const given = await apie.propagation.withRemoteParent(carrier as object, () =>
      apie.withRun({}, () => 42),
    );
    expect(given).toBe(42);
    await delivered(apie);
    expect(only(runsAt(server)).path).toBe("/v1/runs");
    expect(seen.one("invoke_agent Support").links).toEqual([]);
  });

  test("needs a function", async () => {
    const { apie } = await apiSetup();
    expect(() => apie.propagation.withRemoteParent({}, undefined as unknown as () => void)).toThrow(
      expect.objectContaining({ code: "invalid_argument" }),
    );
  });

  test("throws what its callback throws", async () => {
    const { apie } = await apiSetup();
    const error = new Error("no");
    expect(() =>
      apie.propagation.withRemoteParent({}, () => {
        throw error;
      }),
    ).toThrow(error);
  });

  test("works without a context manager", async () => {
    const { apie, server } = await apiSetup({ baggage: { read: true } }, { contextManager: false });
    await apie.propagation.withRemoteParent({ baggage: baggage(IDS) }, async () => {
      await null;
      await apie.withRun({}, () => 1);
    });
    await delivered(apie);
    expect(only(runsAt(server))).toMatchObject({
      path: "/v1/sessions/ses_9/runs",
      opening: { parent_run_id: "run_9" },
    });
  });

  test("leaves a span of the same trace active: that of the server's instrumentation", async () => {
    const { apie, seen, otel } = await apiSetup();
    const remote = propagation.extract(context.active(), { traceparent: TRACEPARENT });
    const request = otel.provider.getTracer("http").startSpan("POST /work", {}, remote);
    await context.with(trace.setSpan(remote, request), () =>
      apie.propagation.withRemoteParent({ traceparent: TRACEPARENT }, () => apie.withRun({}, () => 1)),
    );
    request.end();
    const { traceId, spanId } = request.spanContext();
    expect(traceId).toBe(TRACE);
    expect(seen.one("invoke_agent Support").links).toMatchObject([{ traceId, spanId }]);
  });

  test("only the outermost run is the caller's child", async () => {
    const { apie, server } = await apiSetup({ baggage: { read: true } });
    await apie.propagation.withRemoteParent({ baggage: baggage(IDS) }, () =>
      apie.withRun({}, () => apie.withChildRun({ agentKey: "helper" }, () => 1)),
    );
    await delivered(apie);
    const [outer, inner] = runsAt(server);
    expect(outer?.opening.parent_run_id).toBe("run_9");
    expect(inner?.opening.parent_run_id).toBe(outer?.id);
    expect(inner?.path).toBe("/v1/sessions/ses_9/runs");
  });

  test("a library's runs are in the caller's session", async () => {
    const { apie, server, otel } = await apiSetup({ baggage: { read: true } });
    apie.propagation.withRemoteParent({ baggage: baggage(IDS) }, () =>
      otel.provider
        .getTracer("library")
        .startSpan("invoke_agent Books", {
          attributes: { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "Books" },
        })
        .end(),
    );
    await delivered(apie);
    expect(only(runsAt(server)).path).toBe("/v1/sessions/ses_9/runs");
  });

  test("an explicit session counts more", async () => {
    const { apie, server } = await apiSetup({ baggage: { read: true } });
    await apie.propagation.withRemoteParent({ baggage: baggage({ "apie.session.id": "ses_9" }) }, () =>
      apie.withRun({ sessionId: "ses_1" }, () => 1),
    );
    await delivered(apie);
    expect(only(runsAt(server)).path).toBe("/v1/sessions/ses_1/runs");
  });
});

describe("a stranger's ids", () => {
  let ids: Record<string, string>;
  beforeEach(() => {
    ids = {};
  });

  test("open, close and complete nothing of ours, and write into no run of ours", async () => {
    const { apie, server } = await apiSetup({ baggage: { read: true } });
    const victim = apie.runs.start({ inputSummary: "victim" });
    const session = await apie.sessions.start();
    const victimApieId = await victim.apieId();
    ids = {
      "agent.run.id": victim.id,
      "apie.run.id": victimApieId ?? "",
      "agent.session.id": session.id,
      "apie.session.id": session.apieId ?? "",
    };
    apie.propagation.withRemoteParent({ baggage: baggage(ids) }, () => {
      apie.track({ type: "injected" });
      apie.captureError({ error: new Error("injected") });
      void apie.withTool({ tool: { name: "injected" } }, () => 1);
    });
    await delivered(apie);
    const completed = (): string[] => server.to(/complete$/).map(({ path }) => path);
    const [theRun, theSession] = [
      `/v1/runs/${victimApieId}/complete`,
      `/v1/sessions/${session.apieId}/complete`,
    ];
    expect(server.events.filter(({ run_id }) => run_id === victimApieId)).toEqual([]);
    expect(completed()).not.toContain(theRun);
    apie.runs.complete(victim);
    await delivered(apie);
    expect(completed().filter((path) => path === theRun)).toHaveLength(1);
    expect(completed()).not.toContain(theSession);
  });

  const hostile: readonly string[] = [
    "../../agents/identify",
    "ses_9/complete",
    "a%2Fb",
    "a%0d%0ax-injected:1",
    "..",
    ".",
    "<script>",
    "x".repeat(129),
    "%00",
    "%F0%9F%94%A5",
    "__proto__",
    "-",
  ];

  test.each(hostile)("%j are none", async (value) => {
    const { apie, server } = await apiSetup({ baggage: { read: true } });
    for (const register of [() => undefined, () => propagation.disable()]) {
      register();
      ids = Object.fromEntries(Object.keys(IDS).map((name) => [name, value]));
      await apie.propagation.withRemoteParent({ baggage: baggage(ids) }, () => apie.withRun({}, () => 1));
    }
    await delivered(apie);
    const runs = runsAt(server);
    expect(runs.map(({ path }) => path)).toEqual(["/v1/runs", "/v1/runs"]);
    for (const { opening } of runs) expect(metadataOf(opening)).not.toHaveProperty("parent_run");
  });

  test("a header that is too long is not read", async () => {
    const { apie, server } = await apiSetup({ baggage: { read: true } });
    propagation.disable();
    const carrier = { baggage: `${baggage(IDS)},x=${"y".repeat(8_192)}` };
    await apie.propagation.withRemoteParent(carrier, () => apie.withRun({}, () => 1));
    await delivered(apie);
    expect(only(runsAt(server)).path).toBe("/v1/runs");
  });

  test("an id of no form of ours names the parent in metadata, and is counted", async () => {
    const { apie, server } = await apiSetup({ baggage: { read: true } });
    const carrier = { baggage: baggage({ "agent.run.id": "whatever-they-call-it" }) };
    await apie.propagation.withRemoteParent(carrier, () => apie.withRun({}, () => 1));
    await delivered(apie);
    const run = only(runsAt(server));
    expect(run.path).toBe("/v1/runs");
    expect(run.opening).not.toHaveProperty("parent_run_id");
    expect(metadataOf(run.opening).parent_run).toBe("whatever-they-call-it");
    expect(apie.queueDiagnostics().unknownParents).toBe(1);
  });

  test("ids that Apie does not know cost the parent, then the session, and never the run", async () => {
    const { apie, server } = await apiSetup({ baggage: { read: true } });
    server.fail(/^\/v1\/sessions\/ses_9\/runs$/, { status: 404 });
    await apie.propagation.withRemoteParent({ baggage: baggage(IDS) }, () => apie.withRun({}, () => 1));
    await delivered(apie);
    expect(only(runsAt(server)).path).toBe("/v1/runs");
  });
});
