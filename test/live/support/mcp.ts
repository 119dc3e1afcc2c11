/**
 * A client and a server of the MCP SDK in one process, both writing spans as OpenTelemetry's convention says:
 * https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/
 */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { McpError } from "@modelcontextprotocol/sdk/types.js";
import {
  type Attributes,
  type Context,
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
} from "@opentelemetry/api";
import { z } from "zod";

interface Request {
  readonly kind: SpanKind;
  readonly method: string;
  readonly target?: string | undefined;
  readonly attributes?: Attributes;
  readonly parent?: Context;
}

/** Runs work in a span of a request. */
async function traced<T>(tracer: Tracer, request: Request, work: (span: Span) => Promise<T>): Promise<T> {
  const { kind, method, target, attributes, parent = context.active() } = request;
  const name = target === undefined ? method : `${method} ${target}`;
  const all = { "mcp.method.name": method, "network.transport": "pipe", ...attributes };
  return tracer.startActiveSpan(name, { kind, attributes: all }, parent, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      span.recordException(error as Error);
      span.setAttribute("error.type", error instanceof McpError ? String(error.code) : "_OTHER");
      span.setStatus({ code: SpanStatusCode.ERROR, message: String(error) });
      throw error;
    } finally {
      span.end();
    }
  });
}

const ofTool = (name: string, args: unknown): Attributes => ({
  "gen_ai.operation.name": "execute_tool",
  "gen_ai.tool.name": name,
  "gen_ai.tool.call.arguments": JSON.stringify(args),
});

function library(tracer: Tracer): McpServer {
  const server = new McpServer({ name: "library", version: "2.1.0" });
  const answer = (title: string) => {
    if (title === "Necronomicon") throw new RangeError("burnt in the great fire");
    return { content: [{ type: "text" as const, text: `On the shelf behind the ${title}` }] };
  };
  server.registerTool(
    "find_book",
    { description: "Finds a book", inputSchema: { title: z.string(), password: z.string().optional() } },
    (args, { _meta }) =>
      traced(
        tracer,
        {
          kind: SpanKind.SERVER,
          method: "tools/call",
          target: "find_book",
          attributes: ofTool("find_book", args),
          parent: propagation.extract(context.active(), _meta ?? {}),
        },
        async () => answer(args.title),
      ),
  );
  server.registerResource("hours", "library://hours", {}, (uri) => ({
    contents: [{ uri: uri.href, text: "Open at midnight" }],
  }));
  return server;
}

export interface Mcp {
  listTools(): Promise<readonly string[]>;
  callTool(name: string, args: Record<string, unknown>): Promise<unknown>;
  readResource(uri: string): Promise<unknown>;
}

/** Connects the two for as long as the work lasts. */
export async function withMcp(tracer: Tracer, work: (mcp: Mcp) => Promise<void>): Promise<void> {
  const server = library(tracer);
  const client = new Client({ name: "reader", version: "1.0.0" });
  const [near, far] = InMemoryTransport.createLinkedPair();
  await server.connect(far);
  const request = { kind: SpanKind.CLIENT };
  await traced(tracer, { ...request, method: "initialize" }, () => client.connect(near));
  const meta = (): Record<string, string> => {
    const carrier: Record<string, string> = {};
    propagation.inject(context.active(), carrier);
    return carrier;
  };
  await work({
    listTools: () =>
      traced(tracer, { ...request, method: "tools/list" }, async () =>
        (await client.listTools()).tools.map(({ name }) => name),
      ),
    callTool: (name, args) =>
      traced(
        tracer,
        { ...request, method: "tools/call", target: name, attributes: ofTool(name, args) },
        async (span) => {
          const result = await client.callTool({ name, arguments: args, _meta: meta() });
          span.setAttribute("gen_ai.tool.call.result", JSON.stringify(result.content));
          if (result.isError === true) {
            span.setAttribute("error.type", "tool_error");
            span.setStatus({ code: SpanStatusCode.ERROR });
          }
          return result.content;
        },
      ),
    readResource: (uri) =>
      traced(
        tracer,
        { ...request, method: "resources/read", attributes: { "mcp.resource.uri": uri } },
        async () => (await client.readResource({ uri })).contents,
      ),
  }).finally(() => client.close());
}
