/** Where runs are imported from, and with which token. */
import { UsageError } from "../failure.ts";
import type { SourceAddress } from "./http.ts";

const AGNO_TOKEN_VARIABLE = "AGNO_API_TOKEN";
const AGDEV_TOKEN_VARIABLE = "AGDEV_API_KEY";
const AGDEV_BASE_URL = "https://api.ag.dev/v0.1";

/** @throws {UsageError} for what is no address, and for one that holds a password. */
export function addressIn(option: string, given: string): string {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new UsageError(`${option}: ${given} is no address; give it as http://localhost:7777`);
  if (url.username !== "" || url.password !== "")
    throw new UsageError(`${option}: the address holds a user name; tokens are given in the environment`);
  if (url.search !== "" || url.hash !== "")
    throw new UsageError(`${option}: give the address without what stands after ? or #`);
  return url.href.replace(/\/+$/, "");
}

/** @throws {UsageError} naming the variable, and never what it holds. */
function tokenIn(variable: string): string | undefined {
  const token = process.env[variable]?.trim();
  if (token === undefined || token === "") return undefined;
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new UsageError(`${variable} holds more than a token: no header can bear its characters`);
  return token;
}

export function agentOsAddress(baseUrl: string): SourceAddress {
  const token = tokenIn(AGNO_TOKEN_VARIABLE);
  return {
    baseUrl: addressIn("--base-url", baseUrl),
    what: "AgentOS",
    token,
    tokenVariable: AGNO_TOKEN_VARIABLE,
    auth: token === undefined ? {} : { authorization: `Bearer ${token}` },
  };
}

export function agDevAddress(baseUrl: string = AGDEV_BASE_URL): SourceAddress {
  const token = tokenIn(AGDEV_TOKEN_VARIABLE);
  return {
    baseUrl: addressIn("--base-url", baseUrl),
    what: "ag.dev",
    token,
    tokenVariable: AGDEV_TOKEN_VARIABLE,
    auth: token === undefined ? {} : { "x-api-key": token },
  };
}
