/** The other side: the work of an MCP server joins the run of the agent that called it. */
import type { Apie } from "../apie.ts";
import type { RunInput } from "../index.ts";

/** What a handler of `@modelcontextprotocol/sdk` gets beside its arguments, as far as it is read. */
export interface McpRequestExtra {
  _meta?: object | undefined;
}

/**
 * Runs `fn` in the caller's trace and, with `baggage.read`, its runs below the caller's run and in its session. The ids are a
 * stranger's text: they are checked for form, and nothing is written into a run they name.
 */
export function withMcpCaller<T>(
  apie: Pick<Apie, "propagation">,
  extra: McpRequestExtra | undefined,
  fn: () => T,
): T {
  return apie.propagation.withRemoteParent(extra?._meta, fn);
}

export interface McpHandlerOptions {
  /**
   * Make each call a run of this server's agent, below the caller's: for tools that are agents. Default: none, what the
   * handler does is told as it is.
   */
  run?: RunInput | true | undefined;
}

/**
 * Makes of a tool's handler one that joins its caller, for `server.registerTool(name, config, handler)`.
 *
 * @example server.registerTool("research", config, mcpHandler(apie, async ({ topic }) => answer(topic), { run: true }))
 */
export function mcpHandler<Parameters extends unknown[], Result>(
  apie: Pick<Apie, "propagation" | "withRun">,
  handler: (...parameters: Parameters) => Result | PromiseLike<Result>,
  { run }: McpHandlerOptions = {},
): (...parameters: Parameters) => Promise<Result> {
  return async (...parameters) => {
    // A tool without arguments gets the extra alone.
    const extra = parameters.at(-1) as McpRequestExtra | undefined;
    const handle = (): Result | PromiseLike<Result> => handler(...parameters);
    return withMcpCaller(apie, extra, () =>
      run === undefined ? handle() : apie.withRun({ trigger: "mcp", ...(run === true ? {} : run) }, handle),
    );
  };
}
