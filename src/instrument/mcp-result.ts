/** What the results of MCP requests tell of them. */
import { members } from "./given.ts";

/** MCP tools answer with their failure (`isError`); the specification of MCP spans names that error `tool_error`. */
export function toolErrorIn(result: unknown): Error | undefined {
  if (members(result as { isError?: unknown } | undefined).isError !== true) return undefined;
  const error = new Error("the tool answered with isError");
  error.name = "tool_error";
  return error;
}

/** Names in the result of `tools/list`: `{ tools: [{ name }] }`. */
export function toolsIn(result: unknown): unknown[] | undefined {
  const { tools } = members(result as { tools?: unknown } | undefined);
  return Array.isArray(tools)
    ? tools.map((tool: unknown) => members(tool as { name?: unknown }).name)
    : undefined;
}
