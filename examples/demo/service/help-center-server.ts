/** The help center: an MCP server over stdio, in a process of its own. */
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { z } from "zod";

const ARTICLES: Readonly<Record<string, string>> = {
  "Late parcels":
    "A parcel that is three days late counts as lost. The customer may choose a refund or a new parcel.",
  "Returning goods": "Goods may be returned within 30 days. The label is in the parcel.",
};

const server = new McpServer({ name: "help-center", version: "2.1.0" });

server.registerTool(
  "search_articles",
  { description: "Searches the help center", inputSchema: { query: z.string() } },
  ({ query }) => {
    const words = query.toLowerCase().split(/\W+/);
    const found = Object.entries(ARTICLES).filter(([title]) =>
      words.some((word) => title.toLowerCase().includes(word)),
    );
    const text = found.map(([title, body]) => `${title}: ${body}`).join("\n") || "Nothing found.";
    return { content: [{ type: "text", text }] };
  },
);

await server.connect(new StdioServerTransport());
