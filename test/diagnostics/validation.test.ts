import { describe, expect, test } from "vitest";
import { validate } from "../../src/diagnostics/index.ts";
import { Redactor } from "../../src/events/index.ts";
import { clientOf, recordingApie } from "./support.ts";

const GOOD = { type: "custom.event", agentKey: "support", runId: "run_1", metadata: { note: "hello" } };

describe("without a client", () => {
  test("only the local rules are asked", async () => {
    expect(await validate([GOOD, 5], undefined)).toEqual({
      valid: false,
      results: [
        { index: 0, type: "custom.event", valid: true, issues: [] },
        {
          index: 1,
          type: undefined,
          valid: false,
          issues: [{ path: "", message: "expected an event object" }],
        },
      ],
    });
  });
});

describe("with a client", () => {
  test("events are sent in wire form, redacted, and both verdicts are given", async () => {
    const server = await recordingApie();
    const event = {
      ...GOOD,
      metadata: { password: "canary-1", at: new Date(0), none: undefined, acme: "acme-7" },
    };
    const redactor = new Redactor({ redactDenyPatterns: ["acme-\\d", "support"] });
    const result = await validate(event, clientOf(server), redactor);
    expect(result).toEqual({
      valid: true,
      results: [{ index: 0, type: "custom.event", valid: true, issues: [] }],
      remote: { accepted: 1, results: [{ index: 0, status: "valid", warnings: [] }] },
    });
    expect(server.to("/v1/events/validate").map(({ body }) => body)).toEqual([
      {
        events: [
          {
            type: "custom.event",
            agent_key: "support",
            run_id: "run_1",
            metadata: { password: "[REDACTED]", at: "1970-01-01T00:00:00.000Z", acme: "[REDACTED]" },
          },
        ],
      },
    ]);
  });

  test.each([
    ["none", []],
    ["wrong ones", [GOOD, { type: "agent.tol.called", agentKey: "a" }]],
    ["what JSON cannot carry", { ...GOOD, metadata: { n: 5n } }],
  ])("%s are not sent", async (_what, events) => {
    const server = await recordingApie();
    const result = await validate(events, clientOf(server));
    expect(result.remote).toBeUndefined();
    expect(result.valid).toBe(Array.isArray(events) && events.length === 0);
    expect(server.requests).toEqual([]);
  });

  test("an event Apie calls invalid is, and anything else passes with its warnings", async () => {
    const server = await recordingApie();
    const previews = [
      { validation_status: "queued", warnings: ["undeclared tool"] },
      { validation_status: "invalid", warnings: [] },
      {},
    ];
    server.fail("/v1/events/validate", { body: { accepted: 2, previews } });
    const result = await validate([GOOD, GOOD, GOOD], clientOf(server));
    expect(result).toMatchObject({
      valid: false,
      remote: {
        accepted: 2,
        results: [
          { index: 0, status: "queued", warnings: ["undeclared tool"] },
          { index: 1, status: "invalid", warnings: [] },
          { index: 2, status: "unknown", warnings: [] },
        ],
      },
    });
    expect(result.results.every(({ valid }) => valid)).toBe(true);
  });

  test.each([
    ["a body that is none", { text: "accepted" }],
    ["an empty body", { status: 204, text: "" }],
  ])("%s says nothing against the events", async (_what, reply) => {
    const server = await recordingApie();
    server.fail("/v1/events/validate", reply);
    expect(await validate(GOOD, clientOf(server))).toMatchObject({ valid: true, remote: { results: [] } });
  });

  test.each([
    ["http_401", { status: 401 }],
    ["http_500", { status: 500, body: { error: "down" } }],
    ["network", "reset"],
    ["timeout", "hang"],
  ] as const)("no answer, %s, is an error that names the call", async (code, behaviour) => {
    const server = await recordingApie();
    server.fail("/v1/events/validate", behaviour);
    await expect(validate(GOOD, clientOf(server, 100))).rejects.toMatchObject({
      name: "ApieError",
      code,
      message: expect.stringMatching(/^POST \/v1\/events\/validate: ./),
    });
  });
});
