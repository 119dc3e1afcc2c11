/** What the results of MCP requests tell of them. */
import { ATTR_ERROR_TYPE, ATTR_RPC_RESPONSE_STATUS_CODE } from "../semconv/index.ts";
import type { AttributeInput } from "./attributes.ts";
import { members } from "./given.ts";

/** MCP tools answer with their failure (`isError`); the specification of MCP spans names that error `tool_error`. */
export function toolErrorIn(result: unknown): Error | undefined {
  if (members(result as { isError?: unknown } | undefined).isError !== true) return undefined;
  const error = new Error("the tool answered with isError");
  error.name = "tool_error";
  return error;
}

/** A JSON-RPC error, told by its code (https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/). */
export function rpcErrorOf(error: unknown): AttributeInput | undefined {
  const { code } = members(error as { code?: unknown } | undefined);
  if (typeof code !== "number" || !Number.isInteger(code)) return undefined;
  return { [ATTR_ERROR_TYPE]: String(code), [ATTR_RPC_RESPONSE_STATUS_CODE]: String(code) };
}

/** Names in the result of `tools/list`: `{ tools: [{ name }] }`. */
export function toolsIn(result: unknown): unknown[] | undefined {
  const { tools } = members(result as { tools?: unknown } | undefined);
  return Array.isArray(tools)
    ? tools.map((tool: unknown) => members(tool as { name?: unknown }).name)
    : undefined;
}
