/** Action and resource of a tool call whose span does not say them, inferred from the tool's name and marked as such. */
import type { InferRule, RiskLevel } from "../config/index.ts";
import type { Activity } from "../model/activity.ts";
import { RULES } from "./tool-rules.ts";

/** What a tool's name says; each member only where a rule knows it. */
export interface Inferred {
  /** Type of action: `read`, `execute`, … */
  action?: string | undefined;
  /** Type of resource: `secret`, `deployment_event`, … */
  resource?: string | undefined;
  riskLevel?: RiskLevel | undefined;
}

interface Compiled extends Inferred {
  /** @param words the name in lower case, `_` between its words and around it. */
  matches(name: string, words: string): boolean;
}

/** `getHTTPPage-2` is `_get_http_page_2_`. */
function wordsOf(name: string): string {
  const apart = name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").replace(/([A-Z])([A-Z][a-z])/g, "$1_$2");
  return `_${apart.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "_")}_`;
}

/** A word of a rule, in the singular or the plural. */
const hasWord = (words: string, word: string): boolean =>
  words.includes(`_${word}_`) || words.includes(`_${word}s_`);

function compiled({ tool, action, resource, riskLevel }: InferRule): Compiled {
  if (typeof tool === "string") {
    const word = wordsOf(tool).slice(1, -1);
    return { action, resource, riskLevel, matches: (_name, words) => hasWord(words, word) };
  }
  // Without g and y, which would make it remember where it stopped.
  const expression = new RegExp(tool.source, tool.flags.replace(/[gy]/g, ""));
  return { action, resource, riskLevel, matches: (name) => expression.test(name) };
}

const BUILT_IN: readonly Compiled[] = RULES.map(({ words: any, action, resource, riskLevel }) => ({
  action,
  resource,
  riskLevel,
  matches: (_name, words) => any.some((word) => hasWord(words, word)),
}));

/** Tools are few, and their names the same again and again; names made up on the fly must not pile up. */
const MAX_REMEMBERED = 1_000;
/** Longer names are no names. */
const MAX_NAME = 256;

export class ToolInference {
  readonly #rules: readonly Compiled[];
  readonly #known = new Map<string, Inferred | undefined>();

  /** @param own rules of the user's, asked first. */
  constructor(own: readonly InferRule[] = []) {
    this.#rules = [...own.map(compiled), ...BUILT_IN];
  }

  /** @returns `undefined` when no rule says anything. */
  of(name: string): Inferred | undefined {
    if (this.#known.has(name)) return this.#known.get(name);
    if (name.length > MAX_NAME) return undefined;
    const inferred = this.#infer(name);
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear();
    this.#known.set(name, inferred);
    return inferred;
  }

  /** Completes the activity of a tool call; what its span said stays. */
  complete(activity: Activity): void {
    const { action, resource, tool, mcp } = activity;
    if (action?.type !== undefined && resource?.type !== undefined) return;
    const name = tool?.name ?? mcp?.toolName;
    const inferred = name === undefined ? undefined : this.of(name);
    if (inferred === undefined) return;
    const says = action?.type === undefined ? inferred.action : undefined;
    const what = resource?.type === undefined ? inferred.resource : undefined;
    if ((says ?? what) === undefined) return;
    const riskLevel = action?.riskLevel ?? tool?.riskLevel ?? inferred.riskLevel;
    activity.action = { ...action, type: action?.type ?? says, riskLevel, inferred: true };
    if (what !== undefined) activity.resource = { ...resource, type: what };
  }

  #infer(name: string): Inferred | undefined {
    const words = wordsOf(name);
    const matching = this.#rules.filter((rule) => rule.matches(name, words));
    const action = matching.find((rule) => rule.action !== undefined)?.action;
    const resource = matching.find((rule) => rule.resource !== undefined)?.resource;
    const riskLevel = matching.find((rule) => rule.riskLevel !== undefined)?.riskLevel;
    return (action ?? resource ?? riskLevel) === undefined ? undefined : { action, resource, riskLevel };
  }
}

/**
 * What a tool does and to what, by the words of its name; docs/actions-and-resources.md has the rules.
 *
 * @param rules of your own, asked first.
 * @returns `undefined` when no rule knows any of it.
 * @example inferFromToolName("deleteUser"); // { action: "delete", resource: "shell_command", riskLevel: "critical" }
 */
export function inferFromToolName(name: string, rules: readonly InferRule[] = []): Inferred | undefined {
  return new ToolInference(rules).of(name);
}
