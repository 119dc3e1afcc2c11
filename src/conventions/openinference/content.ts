/** Prompts, answers, arguments and results: as one value, or flattened into an attribute for each part of each message. */
import type { ActivityKind, ContentFacts } from "../../model/activity.ts";
import type { AttributesLike } from "../../model/span.ts";

/** What was flattened, put together again. What the attributes hold is left as it is, whatever its shape. */
type Branch = Map<string, unknown>;

const MAX_PARTS = 1_000;
const INDEX = /^\d{1,4}$/;
/** Flattening puts each item of a list under a member of its own that only says what it is. */
const WRAPPERS = new Set(["message", "message_content", "tool_call", "embedding"]);

/** `0.message.tool_calls.1.tool_call.id` becomes what it was flattened from. */
function put(root: Branch, path: readonly string[], value: unknown): void {
  let place = root;
  for (const step of path.slice(0, -1)) {
    const known = place.get(step);
    const below: Branch = known instanceof Map ? known : new Map();
    place.set(step, below);
    place = below;
  }
  place.set(path.at(-1) ?? "", value);
}

/** Branches whose members are numbers are lists; those of one wrapping member are what is in it. */
function unwrapped(value: unknown): unknown {
  if (!(value instanceof Map)) return value;
  const entries = [...(value as Branch)];
  if (entries.every(([name]) => INDEX.test(name))) return entries.map(([, item]) => unwrapped(item));
  const [first] = entries;
  if (entries.length === 1 && first !== undefined && WRAPPERS.has(first[0])) return unwrapped(first[1]);
  return Object.fromEntries(entries.map(([name, item]) => [name, unwrapped(item)]));
}

/** @param prefix with its last dot */
function flattened(attributes: AttributesLike, prefix: string): unknown {
  const root: Branch = new Map();
  const keys = Object.keys(attributes).filter((key) => key.startsWith(prefix));
  for (const key of keys.slice(0, MAX_PARTS)) put(root, key.slice(prefix.length).split("."), attributes[key]);
  return keys.length === 0 ? undefined : unwrapped(root);
}

export function contentOf(attributes: AttributesLike, kind: ActivityKind): ContentFacts {
  const input = attributes["input.value"];
  const output = attributes["output.value"];
  if (kind === "llm") {
    return {
      input: flattened(attributes, "llm.input_messages.") ?? attributes["llm.prompts"] ?? input,
      output: flattened(attributes, "llm.output_messages.") ?? output,
    };
  }
  if (kind === "tool") return { input: input ?? attributes["tool.parameters"], output };
  if (kind === "retrieval") return { input, output: output ?? flattened(attributes, "retrieval.documents.") };
  return { input, output };
}
