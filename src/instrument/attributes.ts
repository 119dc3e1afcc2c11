/** Attributes from what the application gave: redacted, bounded, JSON where the value is structured. */
import type { Attributes, AttributeValue } from "@opentelemetry/api";
import type { RiskLevel } from "../config/index.ts";
import { CONTENT_LIMITS, type Redactor, toPlain, truncateText, truncateWords } from "../events/index.ts";
import type { StepScope } from "../model/scope.ts";
import {
  AGENT_TOOL_RISK_LEVEL_VALUES,
  ATTR_AGENT_ACTION_NAME,
  ATTR_AGENT_ACTION_RISK_LEVEL,
  ATTR_AGENT_ACTION_TYPE,
  ATTR_AGENT_RESOURCE_ENVIRONMENT,
  ATTR_AGENT_RESOURCE_ID,
  ATTR_AGENT_RESOURCE_PROVIDER,
  ATTR_AGENT_RESOURCE_TYPE,
  ATTR_AGENT_STEP_INDEX,
  ATTR_AGENT_STEP_KEY,
  ATTR_AGENT_STEP_NAME,
  ATTR_AGENT_TOOL_PROVIDER,
  ATTR_AGENT_TOOL_RISK_LEVEL,
  ATTR_GEN_AI_TOOL_CALL_ID,
  ATTR_GEN_AI_TOOL_NAME,
  ATTR_GEN_AI_TOOL_TYPE,
} from "../semconv/index.ts";
import { type Given, idOf, members } from "./given.ts";
import type { ActionRef, ResourceRef, StepFields, ToolRef } from "./inputs.ts";

const MAX_TEXT = 1_024;
const MAX_JSON = 4_096;
/** Looked through for secrets before it is cut, so that no cut leaves half of one. */
const MAX_READ = 65_536;
const READ_LIMITS = { ...CONTENT_LIMITS, text: MAX_READ, characters: 2 * MAX_READ };

/** Stands where a name is needed and none was given. */
const UNKNOWN = "unknown";

export type AttributeInput = Record<string, AttributeValue | undefined>;

/** Tells the developer of bad input, once per field: the work goes on without it. */
export type Complain = (field: string, problem: string) => void;

/** Leaves out what was not given. */
export function given(attributes: AttributeInput): Attributes {
  const kept: Attributes = {};
  for (const key of Object.keys(attributes)) {
    const value = attributes[key];
    if (value !== undefined && value !== null) kept[key] = value;
  }
  return kept;
}

export class AttributeText {
  readonly #redactor: Redactor;
  readonly #complain: Complain;

  constructor(redactor: Redactor, complain: Complain) {
    this.#redactor = redactor;
    this.#complain = complain;
  }

  /** Anything else than text that was handed in by untyped code is made text; an empty one is none. */
  text(value: unknown, limit = MAX_TEXT): string | undefined {
    const text = this.#read(value);
    return text === "" ? undefined : truncateText(this.#redactor.text(text), limit);
  }

  /** A word for a kind of thing: the user's own rules leave it alone. */
  word(value: unknown): string | undefined {
    const text = this.#read(value);
    return text === "" ? undefined : truncateText(this.#redactor.secrets(text), MAX_TEXT);
  }

  /** A name things are known again by: the user's own rules leave it alone, or two would be one. */
  key(value: unknown): string | undefined {
    const text = this.#read(value);
    return text === "" ? undefined : truncateText(this.#redactor.identity(text), MAX_TEXT);
  }

  /** An id the application gave, without a secret in it: one that is replaced is still told from others. */
  id(value: unknown): string | undefined {
    const id = idOf(value);
    return id === undefined ? undefined : this.#redactor.identity(id);
  }

  #read(value: unknown): string {
    if (value === undefined || value === null) return "";
    const plain = typeof value === "string" ? value : toPlain(value, READ_LIMITS);
    const text = typeof plain === "string" ? plain : (JSON.stringify(this.#redactor.value(plain, "")) ?? "");
    return truncateWords(text, MAX_READ);
  }

  /** A text there is no doing without. @param field where it was to be, e.g. `withTool: tool.name`. */
  name(value: unknown, field: string): string {
    return this.#required(this.text(value), field);
  }

  /** The same for what things are known again by. */
  nameKey(value: unknown, field: string): string {
    return this.#required(this.key(value), field);
  }

  #required(text: string | undefined, field: string): string {
    if (text === undefined) this.#complain(field, `expected text; "${UNKNOWN}" is recorded`);
    return text ?? UNKNOWN;
  }

  /** One of a closed set of words; another is left out. */
  choice<const Word extends string>(value: unknown, words: readonly Word[], field: string): Word | undefined {
    if (value === undefined || value === null) return undefined;
    const word = words.find((candidate) => candidate === value);
    if (word === undefined) {
      this.#complain(field, `expected one of ${words.map((one) => `"${one}"`).join(", ")}; it is left out`);
    }
    return word;
  }

  /** An object to be shown, as JSON; anything else becomes its `value`. One that is too large loses its largest members first. */
  json(value: unknown, path: string): string | undefined {
    if (value === undefined || value === null) return undefined;
    const plain = withoutNulls(toPlain(value));
    if (plain === undefined || plain === null) return undefined;
    const isObject = typeof plain === "object" && !Array.isArray(plain);
    const object = isObject ? (plain as Record<string, unknown>) : { value: plain };
    if (Object.keys(object).length === 0) return undefined;
    return shortened(this.#redactor.value(object, path));
  }

  /** Content in full: text as it is, everything else as JSON. */
  content(value: unknown, path: string): string | undefined {
    if (value === undefined || value === null) return undefined;
    const redacted = this.#redactor.value(toPlain(value, READ_LIMITS), path);
    const cut = toPlain(redacted, CONTENT_LIMITS);
    return typeof cut === "string" ? cut : JSON.stringify(cut);
  }

  tool(given: ToolRef | undefined): AttributeInput {
    const tool = members(given);
    return {
      [ATTR_GEN_AI_TOOL_NAME]: this.text(tool.name),
      [ATTR_GEN_AI_TOOL_TYPE]: given === undefined ? undefined : (this.text(tool.type) ?? "function"),
      [ATTR_GEN_AI_TOOL_CALL_ID]: this.text(tool.callId),
      [ATTR_AGENT_TOOL_PROVIDER]: this.text(tool.provider),
      [ATTR_AGENT_TOOL_RISK_LEVEL]: this.#risk(tool.riskLevel, "tool.riskLevel"),
    };
  }

  /** @param risk of the action, where that does not say it. */
  target(
    givenAction: Given<ActionRef> | undefined,
    givenResource: ResourceRef | undefined,
    risk?: RiskLevel,
  ): AttributeInput {
    const action = members(givenAction);
    const resource = members(givenResource);
    return {
      [ATTR_AGENT_ACTION_TYPE]: this.text(action.type),
      [ATTR_AGENT_ACTION_NAME]: this.text(action.name),
      [ATTR_AGENT_ACTION_RISK_LEVEL]: this.#risk(action.riskLevel ?? risk, "action.riskLevel"),
      [ATTR_AGENT_RESOURCE_TYPE]: this.text(resource.type),
      [ATTR_AGENT_RESOURCE_ID]: this.text(resource.externalId),
      [ATTR_AGENT_RESOURCE_PROVIDER]: this.text(resource.provider),
      [ATTR_AGENT_RESOURCE_ENVIRONMENT]: this.text(resource.environment),
    };
  }

  /** The step that work names, else the one it is in. */
  step(given: Given<StepFields>, around: StepScope | undefined): AttributeInput {
    const isNamed = given.stepKey !== undefined || given.stepName !== undefined;
    return {
      [ATTR_AGENT_STEP_KEY]: this.key(isNamed ? given.stepKey : around?.key),
      [ATTR_AGENT_STEP_NAME]: this.text(isNamed ? given.stepName : around?.name),
      [ATTR_AGENT_STEP_INDEX]: wholeNumber(given.stepIndex ?? (isNamed ? undefined : around?.index)),
    };
  }

  #risk(value: unknown, field: string): string | undefined {
    return this.choice(value, AGENT_TOOL_RISK_LEVEL_VALUES, field);
  }
}

/** Members that say nothing: nothing on the wire is null. Places in lists stay, since others count on theirs. */
function withoutNulls(plain: unknown): unknown {
  if (typeof plain !== "object" || plain === null) return plain;
  if (Array.isArray(plain)) return plain.map(withoutNulls);
  const told = Object.entries(plain).filter(([, member]) => member !== null);
  return Object.fromEntries(told.map(([name, member]) => [name, withoutNulls(member)]));
}

const TOO_LARGE = "[Too large]";

function shortened(object: Record<string, unknown>): string {
  let json = JSON.stringify(object);
  while (json.length > MAX_JSON) {
    const [largest] = Object.entries(object)
      .map(([key, member]): [string, number] => [key, JSON.stringify(member)?.length ?? 0])
      .filter(([key]) => object[key] !== TOO_LARGE)
      .sort((a, b) => b[1] - a[1]);
    // What is left is long for its many members.
    if (largest === undefined || largest[1] <= TOO_LARGE.length + 2)
      return JSON.stringify({ truncated: true });
    object[largest[0]] = TOO_LARGE;
    json = JSON.stringify(object);
  }
  return json;
}

/** One that every exporter can write; counts that add up to `Infinity` help nobody. */
export function wholeNumber(value: unknown): number | undefined {
  const isCount = typeof value === "number" && value >= 0 && value <= Number.MAX_SAFE_INTEGER;
  return isCount ? Math.trunc(value) : undefined;
}

/**
 * One that every exporter can write: those of OTLP write what has no fraction as an integer of 64 bits, and a Collector refuses
 * the whole batch in which one is larger.
 */
export function finiteNumber(value: unknown): number | undefined {
  return typeof value === "number" && Math.abs(value) <= Number.MAX_SAFE_INTEGER ? value : undefined;
}
