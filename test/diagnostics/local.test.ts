/** Validation and test events against the embedded local Apie, which refuses what no client of the vendor's sends. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sendTestEvent, validate } from "../../src/diagnostics/index.ts";
import { EVENT_TYPES } from "../../src/events/index.ts";
import { EXAMPLES } from "../events/examples.ts";
import { type LocalApie, startLocalApie } from "./local-apie.ts";
import { clientOf, registered } from "./support.ts";

let server: LocalApie;

beforeAll(async () => {
  server = await startLocalApie();
});

afterAll(() => server.close());

describe("sendTestEvent", () => {
  test.each(["single", "proof", "pipeline"] as const)("%s is taken whole, and completed", async (mode) => {
    const result = await sendTestEvent(await registered(server), mode);
    const runs = (await server.list("/api/runs")).filter(({ id }) => result.runIds.includes(String(id)));
    expect(runs.map(({ status }) => status)).toEqual(result.runIds.map(() => "completed"));
    const events = await Promise.all(
      result.runIds.map((id) => server.list(`/api/events?run=${id}&limit=2000`)),
    );
    expect(events.flat()).toHaveLength(result.events);
    if (result.sessionId === undefined) return;
    const sessions = await server.list("/api/sessions");
    expect(sessions.find(({ id }) => id === result.sessionId)).toMatchObject({ status: "completed" });
  });
});

describe("validate", () => {
  test("the vendor's events are valid, and nothing is stored by it", async () => {
    const before = await server.list("/api/events?limit=2000");
    const result = await validate(
      EVENT_TYPES.map((type) => EXAMPLES[type]),
      clientOf(server),
    );
    expect(result.valid).toBe(true);
    expect(result.remote?.accepted).toBe(23);
    expect(result.remote?.results.map(({ status }) => status)).not.toContain("invalid");
    expect(await server.list("/api/events?limit=2000")).toEqual(before);
  });
});
