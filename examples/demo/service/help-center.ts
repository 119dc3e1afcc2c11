/** Tools that the help center's MCP server offers, as tools of the AI SDK. */
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { dynamicTool, jsonSchema, type ToolSet } from "ai";
import { apie } from "./apie.ts";

const SERVER = "help-center";

export interface HelpCenter {
  readonly tools: ToolSet;
  close(): Promise<void>;
}

export async function connectHelpCenter(): Promise<HelpCenter> {
  const client = new Client({ name: "shop-support", version: "1.0.0" });
  const script = fileURLToPath(new URL("./help-center-server.ts", import.meta.url));
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [script] }));
  const { tools } = await client.listTools();
  return {
    tools: Object.fromEntries(
      tools.map(({ name, description = name, inputSchema }) => [
        name,
        dynamicTool({
          description,
          inputSchema: jsonSchema(inputSchema),
          // The AI SDK tells that a tool was called; this tells that a request to an MCP server was made for it.
          execute: (args) =>
            apie.withMcpCall({ server: SERVER, tool: name }, () =>
              client.callTool({ name, arguments: args as Record<string, unknown> }),
            ),
        }),
      ]),
    ),
    close: () => client.close(),
  };
}
