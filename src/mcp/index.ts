/** apie-otel/mcp: clients and servers of the Model Context Protocol. The SDK is the application's, and never imported here. */
export {
  createInstrumentedMcpClient,
  type McpClientLike,
  type McpClientOptions,
  type McpToolDescription,
} from "./client.ts";
export { type McpHandlerOptions, type McpRequestExtra, mcpHandler, withMcpCaller } from "./server.ts";
