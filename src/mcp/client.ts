/**
 * An MCP client whose calls are guarded and told: `callTool` as a tool over MCP, `listTools` with what it found, other
 * requests as they were. Works with the `Client` of `@modelcontextprotocol/sdk` and with anything of its shape.
 */
import type { Apie } from "../apie.ts";
import type { CommonInput, GuardFields, McpToolInput } from "../index.ts";
import { ToolDefinitions } from "./definitions.ts";

/** What of a client is called. */
export interface McpClientLike {
  callTool(...parameters: never[]): Promise<unknown>;
  listTools?(...parameters: never[]): Promise<unknown>;
  getServerVersion?(): { name?: string | undefined; version?: string | undefined } | undefined;
}

/** What is said of the calls of one tool; what is left out is that of `withMcpToolCall`. */
export type McpToolDescription = GuardFields &
  Pick<
    McpToolInput,
    | "actionType"
    | "actionName"
    | "resourceType"
    | "resourceProvider"
    | "resourceId"
    | "environment"
    | "riskLevel"
    | "metadata"
  >;

export interface McpClientOptions {
  /** Name of the server. Default: what it calls itself, else `mcp`. */
  server?: string | undefined;
  /** Environment of what the tools work on, where a description does not say it. */
  defaultEnvironment?: string | undefined;
  /** By the tool's name, or made of its name and arguments. */
  describe?:
    | Readonly<Record<string, McpToolDescription>>
    | ((tool: string, args: unknown) => McpToolDescription | undefined)
    | undefined;
  /**
   * Describe listed tools to Apie, with their description and input schema, once each and in the background. Default `true`.
   */
  defineTools?: boolean | undefined;
}

type McpApie = Pick<Apie, "withMcpCall" | "withMcpToolCall" | "tools">;
type Params = Readonly<Record<string, unknown>>;

const UNNAMED = "mcp";

/**
 * The same client, with `callTool` and `listTools` guarded and told.
 *
 * - A call that is blocked or not approved is not made; the error is thrown.
 * - The trace, and where `baggage.write` names the server also the ids of run and session, go along in `params._meta`.
 * - A JSON-RPC error is told by its code, a result with `isError` as `tool_error`; both reach the caller unchanged.
 *
 * @example
 * const client = createInstrumentedMcpClient(apie, mcpClient, { describe: { deploy: { riskLevel: "high" } } });
 * await client.callTool({ name: "deploy", arguments: { app: "web" } });
 */
export function createInstrumentedMcpClient<Client extends McpClientLike>(
  apie: McpApie,
  client: Client,
  options: McpClientOptions = {},
): Client {
  const instrumented = new InstrumentedClient(apie, client, options);
  return new Proxy(client, {
    get(target, name) {
      if (name === "callTool") return instrumented.callTool;
      if (name === "listTools" && typeof target.listTools === "function") return instrumented.listTools;
      const member: unknown = Reflect.get(target, name, target);
      // Private fields are the client's own, not the proxy's.
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

class InstrumentedClient {
  readonly #apie: McpApie;
  readonly #client: McpClientLike;
  readonly #options: McpClientOptions;
  readonly #definitions: ToolDefinitions;

  constructor(apie: McpApie, client: McpClientLike, options: McpClientOptions) {
    this.#apie = apie;
    this.#client = client;
    this.#options = options;
    this.#definitions = new ToolDefinitions(apie);
  }

  /** `callTool({ name, arguments }, …)` as the SDK has it, or `callTool(name, arguments)`. */
  readonly callTool = (...parameters: unknown[]): Promise<unknown> => {
    const [first, second, ...rest] = parameters;
    const isByName = typeof first === "string";
    const params = isByName ? { name: first, arguments: second } : paramsOf(first);
    const tool = typeof params.name === "string" ? params.name : "";
    const input = { ...this.#described(tool, params.arguments), ...this.#server(), tool };
    return this.#apie.withMcpToolCall({ ...input, arguments: params.arguments }, ({ meta }) =>
      isByName
        ? this.#ask("callTool", parameters)
        : this.#ask("callTool", [withMeta(params, meta), second, ...rest]),
    );
  };

  readonly listTools = async (...parameters: unknown[]): Promise<unknown> => {
    const server = this.#server();
    const [params, ...rest] = parameters;
    const result = await this.#apie.withMcpCall({ ...server, method: "tools/list" }, ({ meta }) =>
      this.#ask("listTools", [withMeta(paramsOf(params), meta), ...rest]),
    );
    if (this.#options.defineTools !== false) this.#definitions.listed(server.server, result);
    return result;
  };

  #ask(method: "callTool" | "listTools", parameters: readonly unknown[]): Promise<unknown> {
    const call = this.#client[method] as (...given: readonly unknown[]) => Promise<unknown>;
    return call.call(this.#client, ...parameters);
  }

  /** Known once the client is connected. */
  #server(): { server: string; serverVersion: string | undefined } {
    const told = this.#client.getServerVersion?.();
    return { server: this.#options.server ?? told?.name ?? UNNAMED, serverVersion: told?.version };
  }

  #described(tool: string, args: unknown): McpToolDescription & CommonInput {
    const { describe, defaultEnvironment } = this.#options;
    const told =
      typeof describe === "function"
        ? describe(tool, args)
        : describe !== undefined && Object.hasOwn(describe, tool)
          ? describe[tool]
          : undefined;
    return { environment: defaultEnvironment, ...told };
  }
}

const paramsOf = (value: unknown): Params =>
  typeof value === "object" && value !== null ? (value as Params) : {};

/** What the caller put there goes on; ours stands over it, or the server would join another run. */
const withMeta = (params: Params, meta: Readonly<Record<string, string>>): Params => ({
  ...params,
  _meta: { ...paramsOf(params._meta), ...meta },
});
