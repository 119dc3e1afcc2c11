/** Words of other people's spans choose events; a word that names nothing chooses nothing strange. */
import { describe, expect, test } from "vitest";
import { validateEvents } from "../../src/events/index.ts";
import { setup } from "../support/client.ts";

/** Names every object has, whatever table it stands for. */
const INHERITED = ["constructor", "toString", "hasOwnProperty", "__proto__", "valueOf"];

describe.each(INHERITED)("%s", (word) => {
  test("as the stage of a hand-off is none: it was asked for", async () => {
    const { apie, server, otel } = await setup();
    otel.provider
      .getTracer("elsewhere")
      .startSpan("handoff", {
        attributes: {
          "agent.operation.name": "handoff",
          "agent.operation.stage": word,
          "agent.handoff.status": word,
          "agent.handoff.target.key": "billing",
        },
      })
      .end();
    expect(await apie.flush()).toMatchObject({ ok: true, events: { rejected: 0, dropped: 0, pending: 0 } });
    expect(server.types).toEqual(["agent.handoff.requested"]);
    expect(validateEvents(server.events)).toMatchObject({ valid: true });
  });

  test("as the kind a convention of the user's gives makes no event, and costs no other", async () => {
    const read = ({ name }: { name: string }) =>
      name === "theirs" ? { kind: word as never, convention: "theirs" } : undefined;
    const { apie, server, otel } = await setup({ conventions: [{ name: "theirs", read }] });
    await apie.withRun({}, () => {
      otel.provider.getTracer("elsewhere").startSpan("theirs").end();
      apie.track({ type: "mine" });
    });
    expect(await apie.flush()).toMatchObject({ ok: true });
    expect(server.types).toEqual(["mine"]);
    expect(apie.queueDiagnostics().unreadableSpans).toBe(0);
  });
});
