/** Describes the tools a server lists to Apie, once each, where nobody waits for it. */
import type { Apie } from "../apie.ts";
import type { ToolOptions } from "../config/index.ts";
import { ApieError } from "../model/errors.ts";

/** A server that makes up tools on the fly must not fill memory, or the network. */
const MAX_DEFINED = 1_000;

/** A server may list hundreds of tools: they are described a few at a time. */
const MAX_UNDER_WAY = 4;

/** Codes of errors that say nothing of the next tool. */
const ABOUT_THE_TOOL = new Set(
  "invalid_argument unserializable http_400 http_409 http_413 http_422".split(" "),
);

interface Listed {
  name?: unknown;
  description?: unknown;
  inputSchema?: unknown;
}

export class ToolDefinitions {
  readonly #apie: Pick<Apie, "tools">;
  /** What was said of each tool last. */
  readonly #defined = new Map<string, string>();
  /** To be described, by name: what is listed anew meanwhile counts. */
  readonly #waiting = new Map<string, ToolOptions>();
  #underWay = 0;

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
    this.#waiting.set(name, {
      name,
      provider: "mcp",
      description: typeof description === "string" ? description : undefined,
      inputSchema,
      riskLevel: "medium",
    });
    this.#next();
  }

  #next(): void {
    for (const [name, definition] of this.#waiting) {
      if (this.#underWay >= MAX_UNDER_WAY) return;
      this.#waiting.delete(name);
      this.#underWay += 1;
      const told = this.#defined.get(name);
      this.#apie.tools
        .define(definition)
        .catch((error: unknown) => {
          // Registration and its failures are told by the client itself; the next listing tries again.
          if (this.#defined.get(name) === told) this.#defined.delete(name);
          if (!isAboutTheTool(error)) this.#leaveOthers();
        })
        .finally(() => {
          this.#underWay -= 1;
          this.#next();
        });
    }
  }

  /** An Apie that does not answer, or does not know of tools, is not asked once for each of them. */
  #leaveOthers(): void {
    for (const name of this.#waiting.keys()) this.#defined.delete(name);
    this.#waiting.clear();
  }
}

const isAboutTheTool = (error: unknown): boolean =>
  error instanceof ApieError && ABOUT_THE_TOOL.has(error.code);

/** `undefined` for what cannot be written as JSON, and so not sent either. */
function fingerprint(description: unknown, inputSchema: unknown): string | undefined {
  try {
    return JSON.stringify([description, inputSchema]);
  } catch {
    return undefined;
  }
}
