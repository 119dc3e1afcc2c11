/** `@modelcontextprotocol/sdk` over stdio: a server in a process of its own, whose run joins the run that calls it. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { propagation } from "@opentelemetry/api";
import { expect, test } from "vitest";
import { apiSetup, delivered, metadataOf, only, runsAt, sessionsAt } from "../api/support/api.ts";
import { cleanup } from "../support/client.ts";
import { NEW_NODE } from "../support/new-node.ts";

async function connectedTo(url: string): Promise<Client> {
  const script = new URL("./support/mcp-server-process.ts", import.meta.url);
  const client = new Client({ name: "test", version: "1.0.0" });
  const env = { ...(process.env as Record<string, string>), APIE_URL: url };
  await client.connect(new StdioClientTransport({ command: NEW_NODE, args: [script.pathname], env }));
  cleanup(() => client.close());
  return client;
}

test.each([
  ["named by baggage.write", ["library"], true],
  ["that is not", ["somebody-else"], false],
] as const)("a server %s", { timeout: 60_000 }, async (_which, write, joins) => {
  const { apie, server } = await apiSetup({ baggage: { write } });
  propagation.disable();
  const client = await connectedTo(server.url);
  const ids = await apie.withSession({}, (session) =>
    apie.withRun({}, async (run) => {
      await Promise.all([run.apieId(), session.apieId()]);
      const answer = await apie.withMcpToolCall({ server: "library", tool: "find_book" }, (call) =>
        client.callTool({ name: "find_book", arguments: { title: "Moby-Dick" }, _meta: { ...call.meta } }),
      );
      expect(answer.content).toEqual([{ type: "text", text: "On the shelf behind the Moby-Dick" }]);
      return { run: run.id, session: session.id };
    }),
  );
  await delivered(apie);
  const caller = only(runsAt(server).filter(({ opening }) => opening.agent_key === "support"));
  const called = only(runsAt(server).filter(({ opening }) => opening.agent_key === "librarian"));
  expect(called).toMatchObject({ types: ["looked.up"], completion: { status: "completed" } });
  if (joins) {
    const session = only(sessionsAt(server));
    expect(called.path).toBe(`/v1/sessions/${session.id}/runs`);
    expect(called.opening.parent_run_id).toBe(caller.id);
    expect(metadataOf(called.opening)).toMatchObject({ parent_run: ids.run, session_id: ids.session });
  } else {
    expect(called.path).toBe("/v1/runs");
    expect(JSON.stringify(called.opening)).not.toContain(ids.run);
  }
});
