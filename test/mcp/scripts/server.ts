/** An MCP server in a process of its own, whose tools join their caller. Over stdio, or HTTP when a port is named. */
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { ErrorCode, McpError } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import { mcpHandler } from "../../../src/mcp/index.ts";
import { startApie } from "../../../src/start/public.ts";

const [, , over = "stdio"] = process.argv;

const { apie, shutdown } = await startApie({
  agent: { key: "library", name: "Library" },
  baggage: { read: true },
  flushIntervalMs: 20,
});

function library(): McpServer {
  const server = new McpServer({ name: "library", version: "2.1.0" });
  const text = (said: string) => ({ content: [{ type: "text" as const, text: said }] });
  server.registerTool(
    "find_book",
    { description: "Finds a book", inputSchema: { title: z.string() } },
    mcpHandler(apie, async ({ title }: { title: string }) => text(`behind the ${title}`), { run: true }),
  );
  server.registerTool(
    "hours",
    {},
    mcpHandler(apie, async () => {
      apie.track({ type: "asked.hours" });
      return text("At midnight");
    }),
  );
  server.registerTool("burn", {}, async () => ({ ...text("No"), isError: true }));
  return server;
}

if (over === "stdio") {
  const server = library();
  const transport = new StdioServerTransport();
  await server.connect(transport);
  process.stdin.on("close", () => void shutdown());
} else {
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: () => randomUUID() });
  await library().connect(transport);
  const http = createServer((request, response) => void transport.handleRequest(request, response));
  http.listen(0, "127.0.0.1", () => {
    process.send?.((http.address() as { port: number }).port);
  });
  process.on("SIGTERM", () => {
    http.closeAllConnections();
    http.close();
    void shutdown().then(() => process.exit(0));
  });
}

// A request for a method nobody has is answered by the SDK with its code; this one is a tool's own.
export const unknown = new McpError(ErrorCode.InvalidParams, "unused");
