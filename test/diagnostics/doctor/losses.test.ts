/** What the doctor says of losses, and of what is set up so that it may not do what one trusts it to do. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { Apie, type ApieOptions } from "../../../src/index.ts";
import { AGENT, options, setup, startServer } from "../../support/client.ts";
import { until } from "../../support/until.ts";
import { examined } from "./support.ts";

const work = (apie: Apie) =>
  apie.withRun({}, () => apie.withLlmCall({ model: { provider: "p", name: "m" } }, () => 1));

test("nothing lost", async () => {
  const { apie } = await setup();
  await work(apie);
  await apie.flush();
  expect((await examined(apie)).text("queue")).toBe("ok: 2 events delivered, none lost, 0 waiting → ");
});

test("rejected by Apie", async () => {
  const { apie, server } = await setup();
  server.fail("/v1/events", { status: 422 });
  server.fail("/v1/events/validate", "default");
  await work(apie);
  await apie.flush();
  const found = await examined(apie);
  expect(found.text("queue")).toMatch(
    /^warning: 2 events rejected by Apie \(by reason.*rejected_422 2.*validateEvents/,
  );
  expect(found.report.trustWarnings).toContain(found.of("queue").message);
});

test("dropped here", async () => {
  const { apie, server } = await setup({ maxQueueSize: 4 });
  server.fail("/v1/runs", "hang");
  for (let count = 0; count < 8; count += 1) await work(apie);
  await until(
    "a drop",
    () => apie.queueDiagnostics().events.dropped > 0 || apie.queueDiagnostics().runs.dropped > 0,
  );
  const found = await examined(apie);
  const told = found.all("queue").map(({ message, remedy }) => `${message} → ${remedy}`);
  expect(told.join("\n")).toMatch(/dropped here \(by reason.*maxQueueBytes/);
  server.release();
});

test("held back", async () => {
  const { apie, server } = await setup({ flushTimeoutMs: 300 });
  server.fail("/v1", { status: 401 });
  await work(apie);
  await apie.flush();
  const found = await examined(apie);
  expect(found.text("queue")).toMatch(
    /^warning: requests are held back: HTTP 401.*\d items wait.*go out by themselves/,
  );
});

test("spans that could not be read", async () => {
  const { apie } = await setup();
  apie.spanProcessor.onStart({} as never, undefined);
  await apie.flush();
  expect((await examined(apie)).text("queue")).toMatch(
    /^warning: 1 span could not be read and is missing.*onError/,
  );
});

describe("trust", () => {
  const of = async (more: ApieOptions) => {
    const apie = new Apie({ enabled: false, agent: AGENT, ...more });
    return examined(apie, { outsideService: true });
  };

  test.each<[what: string, ApieOptions, check: string, says: RegExp]>([
    [
      "enforce that fails open",
      { mode: "enforce" },
      "mode",
      /^warning: .*fail_open.*guardFailureMode: "fail_closed"/,
    ],
    ["enforce that throws", { mode: "enforce", guardFailureMode: "throw" }, "mode", /^warning: .*throw/],
    ["enforce that fails closed", { mode: "enforce", guardFailureMode: "fail_closed" }, "mode", /^ok: /],
    ["monitor", {}, "mode", /^ok: /],
    ["no content", {}, "redaction", /^ok: no content/],
    ["content without rules", { captureContent: true }, "redaction", /^warning: .*redactKeys/],
    ["content with a key", { captureContent: true, redactKeys: ["ssn"] }, "redaction", /^ok: .*your rules/],
    ["content with a hook", { captureContent: true, redact: (event) => event }, "redaction", /^ok: /],
    ["exempt paths", { redactAllowPaths: ["metadata.token"] }, "redaction", /^info: .*one path is exempt/],
    ["no storage", {}, "storage", /^info: .*queueStoragePath/],
    ["no environment", {}, "environment", /^info: .*runtime\.environment/],
    ["an environment", { runtime: { environment: "staging" } }, "environment", /^ok: .*staging/],
    [
      "a tool of high risk without more",
      { tools: [{ name: "deploy", riskLevel: "high" }] },
      "boundary",
      /^warning: the tool deploy is declared with high risk and without actionTypes, resourceTypes, environments/,
    ],
    [
      "a capability of critical risk without environments",
      {
        capabilities: [
          { tool: { name: "db" }, riskLevel: "critical", actions: ["delete"], resources: ["table"] },
        ],
      },
      "boundary",
      /^warning: the tool db is declared with critical risk and without environments/,
    ],
    [
      "one that says all",
      {
        capabilities: [
          { tool: { name: "db" }, riskLevel: "high", actions: ["a"], resources: ["b"], environments: ["c"] },
        ],
      },
      "boundary",
      /^ok: /,
    ],
  ])("%s", async (_what, more, check, says) => {
    const found = await of(more);
    expect(found.text(check)).toMatch(says);
    const isWarned = found.of(check).level === "warning";
    if (isWarned) expect(found.report.trustWarnings).toContain(found.of(check).message);
  });

  test("a tool of low risk is nobody's concern", async () => {
    expect((await of({ tools: [{ name: "read", riskLevel: "low" }] })).all("boundary")).toEqual([]);
  });
});

describe("it never hurts", () => {
  afterEach(() => vi.restoreAllMocks());

  test.each([Number.NaN, -1, 0, Number.POSITIVE_INFINITY, "5" as unknown as number])(
    "timeoutMs: %s is not taken for no time at all",
    async (timeoutMs) => {
      const server = await startServer();
      const apie = new Apie(options(server));
      expect((await examined(apie, { timeoutMs })).of("apie").level).toBe("ok");
      await apie.shutdown();
    },
  );

  test("two at once, and while runs go on", async () => {
    const { apie, server } = await setup();
    const [one, other] = await Promise.all([examined(apie), examined(apie), work(apie), work(apie)]);
    expect([one.report.ok, other.report.ok]).toEqual([true, true]);
    const report = await apie.flush();
    expect([report.runs.completed, report.events.delivered]).toEqual([2, 4]);
    expect(server.to("/v1/runs")).toHaveLength(2);
  });
});
