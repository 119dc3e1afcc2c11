/**
 * An MCP client whose calls are guarded and told: whichever way it has to call a tool as a tool over MCP, `listTools` with what
 * it found, other requests as they were. Works with the `Client` of `@modelcontextprotocol/sdk` and with anything of its shape.
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
  /**
   * By the tool's name, or made of its name and arguments. One that throws is told to `onError`; the call then goes on without,
   * or, in enforce mode, is blocked.
   */
  describe?:
    | Readonly<Record<string, McpToolDescription>>
    | ((tool: string, args: unknown) => McpToolDescription | undefined)
    | undefined;
  /**
   * Describe listed tools to Apie, with their description and input schema, once each and in the background. Default `true`.
   */
  defineTools?: boolean | undefined;
}

type McpApie = Pick<Apie, "withMcpCall" | "withMcpToolCall" | "tools" | "spanProcessor">;
type Params = Readonly<Record<string, unknown>>;
type Call = (...given: readonly unknown[]) => unknown;

const UNNAMED = "mcp";
const TOOL_CALL = "tools/call";

/**
 * The same client, with `callTool` and `listTools` guarded and told. So are its other ways to call a tool:
 * `request({ method: "tools/call", … })` and `experimental.tasks.callToolStream`.
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
  // What cannot be changed must be shown by a proxy as it is: one that is frozen is stood for by an object of its own.
  const shown = Object.isFrozen(client) ? (Object.create(client) as Client) : client;
  return withMembers(shown, client, {
    callTool: () => instrumented.callTool,
    listTools: (own) => (typeof own === "function" ? instrumented.listTools : own),
    request: (own) => (typeof own === "function" ? instrumented.request : own),
    experimental: (own) => withinExperimental(own, instrumented),
  });
}

/** `experimental.tasks` of the SDK; its other members are its own. */
function withinExperimental(experimental: unknown, instrumented: InstrumentedClient): unknown {
  if (typeof experimental !== "object" || experimental === null) return experimental;
  return withMembers(experimental, experimental, {
    tasks: (tasks) => {
      if (typeof tasks !== "object" || tasks === null) return tasks;
      return withMembers(tasks, tasks, {
        callToolStream: (own) =>
          typeof own === "function" ? instrumented.streamOf(tasks, own as Call) : own,
        requestStream: (own) =>
          typeof own === "function" ? instrumented.requestStreamOf(tasks, own as Call) : own,
      });
    },
  });
}

/** @param made members that are ours, made of those `of` has. */
function withMembers<T extends object>(
  shown: T,
  of: T,
  made: Readonly<Record<string, (own: unknown) => unknown>>,
): T {
  return new Proxy(shown, {
    get(_, name) {
      const member: unknown = Reflect.get(of, name, of);
      const make = typeof name === "string" && Object.hasOwn(made, name) ? made[name] : undefined;
      if (make !== undefined) return make(member);
      // Private fields are the client's own, not the proxy's.
      return typeof member === "function" ? member.bind(of) : member;
    },
    set: (_, name, value) => Reflect.set(of, name, value, of),
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
  readonly callTool = async (...parameters: unknown[]): Promise<unknown> => {
    const [first, second, ...rest] = parameters;
    if (typeof first === "string") {
      const params = { name: first, arguments: second };
      return this.#called(params, undefined, () => this.#ask("callTool", parameters));
    }
    return this.#called(paramsOf(first), rest[0], (params) =>
      this.#ask("callTool", [params, second, ...rest]),
    );
  };

  readonly request = async (...parameters: unknown[]): Promise<unknown> => {
    const [asked, ...rest] = parameters;
    const { method, params } = paramsOf(asked);
    if (method !== TOOL_CALL) return this.#ask("request", parameters);
    return this.#called(paramsOf(params), rest.at(-1), (given) =>
      this.#ask("request", [{ ...paramsOf(asked), params: given }, ...rest]),
    );
  };

  /** `experimental.tasks.callToolStream({ name, arguments }, schema, options)`. */
  streamOf(tasks: object, stream: Call): (...parameters: unknown[]) => AsyncGenerator<unknown, unknown> {
    const instrumented = this;
    return async function* callToolStream(first, ...rest) {
      return yield* (await instrumented.#called(paramsOf(first), rest.at(-1), (params) =>
        stream.call(tasks, params, ...rest),
      )) as AsyncGenerator<unknown, unknown>;
    };
  }

  requestStreamOf(tasks: object, stream: Call): (...parameters: unknown[]) => unknown {
    const callToolStream = this.streamOf(tasks, (params, ...rest) =>
      stream.call(tasks, { method: TOOL_CALL, params }, ...rest),
    );
    return (asked, ...rest) => {
      const { method, params } = paramsOf(asked);
      return method === TOOL_CALL ? callToolStream(params, ...rest) : stream.call(tasks, asked, ...rest);
    };
  }

  readonly listTools = async (...parameters: unknown[]): Promise<unknown> => {
    const server = this.#server();
    const [params, ...rest] = parameters;
    const result = await this.#apie.withMcpCall({ ...server, method: "tools/list" }, ({ meta }) =>
      this.#ask("listTools", [withMeta(paramsOf(params), meta), ...rest]),
    );
    if (this.#options.defineTools !== false) this.#definitions.listed(server.server, result);
    return result;
  };

  /** @param options of the request, whose signal gives up the guard as well. */
  #called(params: Params, options: unknown, call: (params: Params) => unknown): Promise<unknown> {
    const tool = typeof params.name === "string" ? params.name : "";
    const { signal = paramsOf(options).signal, ...described } = this.#described(tool, params.arguments);
    const input = { ...described, ...this.#server(), tool, signal: signal as AbortSignal | undefined };
    return this.#apie.withMcpToolCall({ ...input, arguments: params.arguments }, ({ meta }) =>
      call(withMeta(params, meta)),
    );
  }

  #ask(method: "callTool" | "listTools" | "request", parameters: readonly unknown[]): unknown {
    const client = this.#client as unknown as Readonly<Record<string, Call>>;
    return client[method]?.(...parameters);
  }

  /** Known once the client is connected. */
  #server(): { server: string; serverVersion: string | undefined } {
    const told = this.#client.getServerVersion?.();
    return { server: this.#options.server ?? told?.name ?? UNNAMED, serverVersion: told?.version };
  }

  #described(tool: string, args: unknown): McpToolDescription & CommonInput {
    const { describe, defaultEnvironment } = this.#options;
    const told = this.#apie.spanProcessor.described(tool, args, () =>
      typeof describe === "function"
        ? describe(tool, args)
        : describe !== undefined && Object.hasOwn(describe, tool)
          ? describe[tool]
          : undefined,
    );
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
