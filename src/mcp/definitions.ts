/** Describes the tools a server lists to Apie, once each, where nobody waits for it. */
import type { Apie } from "../apie.ts";

/** A server that makes up tools on the fly must not fill memory, or the network. */
const MAX_DEFINED = 1_000;

interface Listed {
  name?: unknown;
  description?: unknown;
  inputSchema?: unknown;
}

export class ToolDefinitions {
  readonly #apie: Pick<Apie, "tools">;
  /** What was said of each tool last. */
  readonly #defined = new Map<string, string>();

  constructor(apie: Pick<Apie, "tools">) {
    this.#apie = apie;
  }

  listed(server: string, result: unknown): void {
    const { tools } = (result ?? {}) as { tools?: unknown };
    if (!Array.isArray(tools)) return;
    for (const tool of tools as readonly (Listed | null)[]) {
      if (typeof tool?.name === "string" && tool.name !== "") this.#define(`${server}.${tool.name}`, tool);
    }
  }

  #define(name: string, { description, inputSchema }: Listed): void {
    const told = fingerprint(description, inputSchema);
    if (told === undefined || this.#defined.get(name) === told) return;
    if (this.#defined.size >= MAX_DEFINED && !this.#defined.has(name)) return;
    this.#defined.set(name, told);
    const definition = {
      name,
      provider: "mcp",
      description: typeof description === "string" ? description : undefined,
      inputSchema,
      riskLevel: "medium" as const,
    };
    this.#apie.tools.define(definition).catch(() => {
      // Registration and its failures are told by the client itself; the next listing tries again.
      if (this.#defined.get(name) === told) this.#defined.delete(name);
    });
  }
}

/** `undefined` for what cannot be written as JSON, and so not sent either. */
function fingerprint(description: unknown, inputSchema: unknown): string | undefined {
  try {
    return JSON.stringify([description, inputSchema]);
  } catch {
    return undefined;
  }
}
