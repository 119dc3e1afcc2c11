/** An MCP server over stdio whose tool is an agent of its own: its run joins whoever calls. No propagator is registered. */
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { propagation } from "@opentelemetry/api";
import { z } from "zod";
import { Apie } from "../../../src/index.ts";
import { startOtel } from "../../support/otel.ts";

const apie = new Apie({
  apiKey: "apie_sk_test_key",
  baseUrl: process.env.APIE_URL,
  agent: { key: "librarian", name: "Librarian" },
  baggage: { read: true },
});
startOtel({ processors: [apie.spanProcessor] });
propagation.disable();

const server = new McpServer({ name: "library", version: "1.0.0" });
server.registerTool(
  "find_book",
  { description: "Finds a book", inputSchema: { title: z.string() } },
  ({ title }, { _meta }) =>
    apie.propagation.withRemoteParent(_meta, async () => {
      const text = await apie.withRun({ inputSummary: "Find a book" }, () => {
        apie.track({ type: "looked.up" });
        return `On the shelf behind the ${title}`;
      });
      await apie.flush();
      return { content: [{ type: "text" as const, text }] };
    }),
);
await server.connect(new StdioServerTransport());
