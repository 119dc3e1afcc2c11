/** Ids of run and session in W3C baggage: only where both sides ask for it, only for callees on the list. */
import { context, propagation, trace } from "@opentelemetry/api";
import { describe, expect, test } from "vitest";
import type { BaggageOptions, FlushReport } from "../../src/index.ts";
import { apiSetup, delivered, metadataOf, only, runsAt, sessionsAt } from "./support/api.ts";
import { runChild } from "./support/child.ts";

const entriesOf = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    (headers.baggage ?? "")
      .split(",")
      .filter((entry) => entry !== "")
      .map((entry) => entry.split("=") as [string, string]),
  );

/** Runs `fn` with baggage as a request brought it. */
const withBaggage = <T>(entries: Record<string, string>, fn: () => T): T =>
  context.with(
    propagation.setBaggage(
      context.active(),
      propagation.createBaggage(
        Object.fromEntries(Object.entries(entries).map(([key, value]) => [key, { value }])),
      ),
    ),
    fn,
  );

const OWN = { "agent.run.id": "run-own", "agent.session.id": "session-own" };

describe("writing", () => {
  const allowed: readonly (readonly [BaggageOptions | undefined, string, boolean])[] = [
    [undefined, "http://worker.internal/", false],
    [{}, "http://worker.internal/", false],
    [{ write: [] }, "http://worker.internal/", false],
    [{ write: false }, "http://worker.internal/", false],
    [{ write: true }, "http://worker.internal/", true],
    [{ write: ["worker.internal"] }, "http://worker.internal/", true],
    [{ write: ["worker.internal"] }, "https://WORKER.internal:8443/path?q=1", true],
    [{ write: ["worker.internal"] }, "http://worker.internal.evil.example/", false],
    [{ write: ["worker.internal"] }, "http://evil.example/?worker.internal", false],
    [{ write: ["worker.internal"] }, "http://worker.internal@evil.example/", false],
    [{ write: ["*.internal"] }, "http://a.b.internal/", true],
    [{ write: ["*.internal"] }, "http://internal/", false],
    [{ write: ["*.internal"] }, "http://notinternal/", false],
    [{ write: ["worker.internal"] }, "not an address", false],
  ];

  test.each(allowed)("%j, to %s: %s", async (baggage, url, isAllowed) => {
    const { apie } = await apiSetup({ baggage });
    await apie.withSession({}, (session) =>
      apie.withRun({}, async (run) => {
        const [apieRun, apieSession] = [await run.apieId(), await session.apieId()];
        expect(entriesOf(apie.propagation.headers(url))).toEqual(
          isAllowed
            ? {
                "agent.run.id": run.id,
                "agent.session.id": session.id,
                "apie.run.id": apieRun,
                "apie.session.id": apieSession,
              }
            : {},
        );
      }),
    );
  });

  test("carries the trace context, whoever is called", async () => {
    const { apie, seen } = await apiSetup();
    const headers = await apie.withRun({}, () => apie.propagation.headers("http://anywhere/"));
    const { traceId, spanId } = seen.one("invoke_agent Support");
    expect(headers).toEqual({ traceparent: `00-${traceId}-${spanId}-01` });
  });

  test("without a context manager carries that of the run", async () => {
    const { apie, seen } = await apiSetup({ baggage: { write: true } }, { contextManager: false });
    const headers = await apie.withRun({}, async () => {
      await null;
      return apie.propagation.headers("http://anywhere/");
    });
    const { traceId, spanId, attributes } = seen.one("invoke_agent Support");
    expect(headers.traceparent).toBe(`00-${traceId}-${spanId}-01`);
    expect(entriesOf(headers)["agent.run.id"]).toBe(attributes["agent.run.id"]);
  });

  test("Apie's ids go along once they are known, ours at once", async () => {
    const { apie } = await apiSetup({ baggage: { write: true } });
    const early = await apie.withRun({}, (run) => [run.id, apie.propagation.headers("http://a/")] as const);
    expect(entriesOf(early[1])).toEqual({ "agent.run.id": early[0] });
  });

  test("leaves the application's own baggage as it is", async () => {
    const { apie } = await apiSetup({ baggage: { write: ["a"] } });
    await withBaggage({ tenant: "acme" }, () =>
      apie.withRun({}, (run) => {
        expect(entriesOf(apie.propagation.headers("http://a/"))).toEqual({
          tenant: "acme",
          "agent.run.id": run.id,
        });
        expect(entriesOf(apie.propagation.headers("http://b/"))).toEqual({ tenant: "acme" });
      }),
    );
  });

  test("does not hand on ids that arrived to callees that are not on the list", async () => {
    const { apie } = await apiSetup({ baggage: { write: ["a"] } });
    withBaggage({ ...OWN, tenant: "acme" }, () => {
      expect(entriesOf(apie.propagation.headers("http://b/"))).toEqual({ tenant: "acme" });
    });
  });

  test("with write: true instrumentations carry them by themselves", async () => {
    const { apie } = await apiSetup({ baggage: { write: true } });
    await apie.withSession({}, (session) =>
      apie.withRun({}, (run) => {
        const carrier: Record<string, string> = {};
        propagation.inject(context.active(), carrier);
        expect(entriesOf(carrier)).toMatchObject({ "agent.run.id": run.id, "agent.session.id": session.id });
      }),
    );
  });

  test("a propagator that throws is told once, and gives no headers", async () => {
    const problems: string[] = [];
    const { apie } = await apiSetup({ onError: (error) => problems.push(error.message) });
    propagation.disable();
    propagation.setGlobalPropagator({
      inject() {
        throw new Error("broken propagator");
      },
      extract: (given) => given,
      fields: () => [],
    });
    expect([apie.propagation.headers("http://a/"), apie.propagation.headers("http://a/")]).toEqual([{}, {}]);
    expect(only(problems)).toContain("broken propagator");
  });
});

describe("reading", () => {
  test("is off unless asked for", async () => {
    const { apie, seen } = await apiSetup();
    await withBaggage(OWN, () => apie.withRun({}, () => 1));
    expect(seen.one("invoke_agent Support").attributes).not.toHaveProperty("agent.run.parent.id");
    expect(seen.one("invoke_agent Support").attributes).not.toHaveProperty("agent.session.id");
  });

  test("joins run and session by Apie's ids", async () => {
    const { apie, server, seen } = await apiSetup({ baggage: { read: true } });
    const ids = { ...OWN, "apie.run.id": "run_9", "apie.session.id": "ses_9" };
    await withBaggage(ids, () => apie.withRun({}, () => apie.track({ type: "at.work" })));
    await delivered(apie);
    expect(only(runsAt(server))).toMatchObject({
      path: "/v1/sessions/ses_9/runs",
      opening: {
        parent_run_id: "run_9",
        role: "worker",
        metadata: { parent_run: "run-own", session_id: "session-own" },
      },
      events: [{ session_id: "ses_9" }],
    });
    expect(seen.one("invoke_agent Support").attributes).toMatchObject({
      "agent.run.parent.id": "run-own",
      "agent.session.id": "session-own",
    });
    expect(server.to("/v1/sessions")).toEqual([]);
    expect(server.to(/^\/v1\/sessions\/ses_9\/complete/)).toEqual([]);
  });

  test("without Apie's parent id opens the run without it, names the parent and counts it", async () => {
    const { apie, server } = await apiSetup({ baggage: { read: true } });
    await withBaggage({ "agent.run.id": "run-own" }, () => apie.withRun({}, () => 1));
    await delivered(apie);
    const run = only(runsAt(server));
    expect(run.path).toBe("/v1/runs");
    expect(run.opening).not.toHaveProperty("parent_run_id");
    expect(metadataOf(run.opening).parent_run).toBe("run-own");
    expect(apie.queueDiagnostics().unknownParents).toBe(1);
  });

  test("never overrides what the code around says", async () => {
    const { apie, server } = await apiSetup({ baggage: { read: true } });
    await withBaggage({ "apie.session.id": "ses_9", "apie.run.id": "run_9" }, () =>
      apie.withSession({}, () => apie.withRun({}, () => 1)),
    );
    await delivered(apie);
    const run = only(runsAt(server));
    expect(run.path).toBe(`/v1/sessions/${only(sessionsAt(server)).id}/runs`);
    expect(run.opening).not.toHaveProperty("parent_run_id");
  });

  const hostile: readonly string[] = [
    "",
    " ",
    "../../agents/identify",
    "a b",
    "a\nb",
    "a%0ab",
    "ses_9/complete?x=1",
    "<script>",
    "'; drop table runs; --",
    "🔥",
    "x".repeat(129),
    "-starts-with-a-sign",
    "\u0000",
  ];

  test.each(hostile)("%j is no id", async (value) => {
    const { apie, server } = await apiSetup({ baggage: { read: true } });
    const ids = Object.fromEntries(
      ["agent.run.id", "agent.session.id", "apie.run.id", "apie.session.id"].map((key) => [key, value]),
    );
    expect(await withBaggage(ids, () => apie.withRun({}, () => 42))).toBe(42);
    await delivered(apie);
    const run = only(runsAt(server));
    expect(run.path).toBe("/v1/runs");
    expect(metadataOf(run.opening)).not.toHaveProperty("parent_run");
  });

  test("a stranger's text cannot name a run of ours to write into", async () => {
    const { apie, server } = await apiSetup({ baggage: { read: true } });
    const victim = apie.runs.start();
    const victimId = await victim.apieId();
    withBaggage({ "agent.run.id": victim.id, "apie.run.id": victimId ?? "" }, () =>
      apie.track({ type: "injected" }),
    );
    apie.runs.complete(victim);
    await delivered(apie);
    expect(only(server.events)).not.toHaveProperty("run_id");
  });
});

test("run and session go on in another process that is called with the headers", async () => {
  const { apie, server, seen } = await apiSetup({ baggage: { write: ["worker.internal"] } });
  const joined = await apie.withSession({ kind: "multi_agent" }, (session) =>
    apie.withRun({}, async (run) => {
      await run.apieId();
      const headers = apie.propagation.headers("http://worker.internal/work");
      const child = (await runChild(new URL("./support/join-run.ts", import.meta.url), {
        url: server.url,
        headers,
      })) as {
        report: FlushReport;
        parent: string;
        session: string;
        links: [string, string][];
        request: { traceId: string };
      };
      expect(child.report).toMatchObject({ ok: true, events: { delivered: 1 } });
      expect(child).toMatchObject({ parent: run.id, session: session.id });
      expect(child.links).toEqual([["caused_by", child.request.traceId]]);
      expect(child.request.traceId).toBe(trace.getActiveSpan()?.spanContext().traceId);
      return child;
    }),
  );
  await delivered(apie);
  const [parent, child] = runsAt(server);
  const session = only(sessionsAt(server));
  expect(child).toMatchObject({
    path: `/v1/sessions/${session.id}/runs`,
    opening: { agent_key: "worker", parent_run_id: parent?.id, input_summary: "My part" },
    events: [{ type: "in.worker", session_id: session.id }],
    completion: { status: "completed" },
  });
  expect(joined.request.traceId).toBe(seen.one("invoke_agent Support").traceId);
});
