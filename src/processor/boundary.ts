/**
 * The declared boundary: tools nobody declared and types of resource nobody knows are told once each, and marked on their
 * events. Nothing is stopped by it; that is what guardrails are for.
 */
import type { ApieConfig, CapabilityOptions, ToolOptions } from "../config/index.ts";
import type { Activity } from "../model/activity.ts";

/** Types of resource Apie documents or its own clients send (docs: boundaries/action-and-resource-metadata). */
const RESOURCE_TYPES: readonly string[] = [
  "change_request",
  "code_repository",
  "communication_event",
  "database_record",
  "deployment_event",
  "file",
  "incident",
  "incident_signal",
  "internal_api",
  "knowledge_base",
  "langchain_tool",
  "llm_tool",
  "mcp_resource",
  "observability_event",
  "pipeline_run",
  "secret",
  "shell_command",
  "work_item",
];

/** Names are few, and the same again and again; ones made up on the fly must not pile up, nor be told for ever. */
const MAX_TOLD = 1_000;

const WITH_TARGET: ReadonlySet<string> = new Set(["tool", "mcp", "action", "resource", "retrieval"]);

type Warn = (code: string, message: string) => void;
type Options = Pick<ApieConfig, "boundary" | "capabilities" | "tools">;

export class Boundary {
  readonly #checksTools: boolean;
  readonly #checksResources: boolean;
  readonly #warn: Warn;
  /** Providers by name of the tool; `undefined` among them: whoever provides it. */
  readonly #tools = new Map<string, Set<string | undefined>>();
  readonly #resources = new Set(RESOURCE_TYPES);
  readonly #told = new Set<string>();

  constructor({ boundary, capabilities, tools }: Options, warn: Warn) {
    this.#checksTools = boundary?.warnOnUndeclaredTools === true;
    this.#checksResources = boundary?.warnOnUnknownResourceTypes === true;
    this.#warn = warn;
    for (const capability of capabilities ?? []) this.declare(capability);
    for (const tool of tools ?? []) this.define(tool);
  }

  declare({ tool, resources }: CapabilityOptions): void {
    this.#add(tool.name, tool.provider, resources);
  }

  define({ name, provider, resourceTypes }: ToolOptions): void {
    this.#add(name, provider, resourceTypes);
  }

  #add(name: string, provider: string | undefined, resources: readonly string[] | undefined): void {
    const providers = this.#tools.get(name) ?? new Set();
    this.#tools.set(name, providers.add(provider));
    for (const type of resources ?? []) this.#resources.add(type);
  }

  /** Marks what lies outside. */
  check(activity: Activity): void {
    if (!(this.#checksTools || this.#checksResources) || !WITH_TARGET.has(activity.kind)) return;
    const undeclaredTool = this.#checksTools ? this.#undeclaredTool(activity) : undefined;
    const unknownType = this.#checksResources ? this.#unknownResource(activity) : undefined;
    if (undeclaredTool !== undefined) {
      this.#tell(
        "undeclared_tool",
        undeclaredTool,
        `the tool "${undeclaredTool}" is used and was not declared: add it to capabilities or tools`,
      );
    }
    if (unknownType !== undefined) {
      this.#tell(
        "unknown_resource_type",
        unknownType,
        `the type of resource "${unknownType}" is none that is known: use one of them, or name it in capabilities or tools`,
      );
    }
    if ((undeclaredTool ?? unknownType) === undefined) return;
    activity.boundary = {
      undeclaredTool: undeclaredTool === undefined ? undefined : true,
      unknownResourceType: unknownType === undefined ? undefined : true,
    };
  }

  #undeclaredTool({ tool, mcp }: Activity): string | undefined {
    const name = tool?.name ?? mcp?.toolName;
    if (name === undefined) return undefined;
    const names = mcp?.server === undefined ? [name] : [name, `${mcp.server}.${name}`];
    const provider = tool?.provider ?? (mcp === undefined ? undefined : "mcp");
    const isDeclared = names.some((one) => {
      const providers = this.#tools.get(one);
      if (providers === undefined) return false;
      return provider === undefined || providers.has(provider) || providers.has(undefined);
    });
    return isDeclared ? undefined : name;
  }

  #unknownResource({ resource }: Activity): string | undefined {
    const type = resource?.type;
    return type === undefined || this.#resources.has(type) ? undefined : type;
  }

  #tell(code: string, name: string, message: string): void {
    const key = `${code} ${name}`;
    if (this.#told.has(key) || this.#told.size >= MAX_TOLD) return;
    this.#told.add(key);
    this.#warn(code, message);
  }
}
