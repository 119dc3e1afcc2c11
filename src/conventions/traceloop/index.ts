/**
 * Traceloop / OpenLLMetry (github.com/traceloop/openllmetry-js): workflows, agents, tasks and tools by decorators, model
 * calls of its older versions, and its MCP instrumentation. Model calls of current versions are OTel GenAI and read as such.
 */
import type {
  Activity,
  ActivityKind,
  ErrorFacts,
  GuardrailFacts,
  ModelCallFacts,
} from "../../model/activity.ts";
import type { Convention, SpanView } from "../../model/convention.ts";
import type { AttributesLike } from "../../model/span.ts";
import { failureOf } from "../failure.ts";
import { type ModelCallFields, readModelCall } from "../model-call.ts";
import { knownFinishReason } from "../normalize.ts";
import { MODEL_CALL, messages } from "../otel-gen-ai/facts.ts";
import { as, entryOf, flag, parseText, readField, text } from "../read.ts";
import { readMcp } from "./mcp.ts";

const convention = "traceloop";

/** Values of `traceloop.span.kind`, and endings of the names of such spans. */
export const KINDS: Readonly<Record<string, ActivityKind>> = {
  workflow: "run",
  agent: "run",
  task: "step",
  tool: "tool",
  session: "none",
};

/** Values of `llm.request.type`, of versions that had no operation name. */
const REQUESTS: Readonly<Record<string, readonly [kind: ActivityKind, operation: string]>> = {
  chat: ["llm", "chat"],
  completion: ["llm", "text_completion"],
  embedding: ["embedding", "embeddings"],
};

const OLD_MODEL_CALL: ModelCallFields = {
  ...MODEL_CALL,
  operation: as((value) => entryOf(REQUESTS, String(value))?.[1], "llm.request.type"),
  requestModel: text("gen_ai.request.model", "llm.request.model"),
  responseModel: text("gen_ai.response.model", "llm.response.model"),
  stream: flag("llm.is_streaming", "gen_ai.request.stream"),
};

/** Stands among the messages in older versions. */
const REASON_IN_MESSAGE = as(
  (value) => knownFinishReason(parseText(value)),
  "gen_ai.completion.0.finish_reason",
);

function oldModelCall(attributes: AttributesLike): ModelCallFacts {
  const facts = readModelCall(OLD_MODEL_CALL, attributes);
  facts.finishReason ??= readField(REASON_IN_MESSAGE, attributes);
  return facts;
}

/** `@traceloop/node-server-sdk`; in Python `traceloop.tracer`. */
const isTraceloop = (scope: string): boolean =>
  scope.startsWith("@traceloop/") || scope.startsWith("traceloop.");

const isMcp = (scope: string): boolean =>
  scope === "@traceloop/instrumentation-mcp" || scope === "opentelemetry.instrumentation.mcp";

/** Decorators set their attributes after the start, and name the span `<entity>.<kind>`. */
function kindInName(name: string): string | undefined {
  const dot = name.lastIndexOf(".");
  return dot > 0 ? name.slice(dot + 1) : undefined;
}

function entityOf({ attributes, name }: SpanView, entityKind: string): string {
  const ending = `.${entityKind}`;
  return (
    parseText(attributes["traceloop.entity.name"]) ??
    (name.endsWith(ending) ? name.slice(0, -ending.length) : name)
  );
}

type Facts = (view: SpanView, entity: string, error: ErrorFacts | undefined) => Activity;

/** What a decorated function of each kind tells. */
const FACTS: Partial<Record<ActivityKind, Facts>> = {
  run: ({ attributes }, name, error) => ({
    kind: "run",
    convention,
    agent: { name, version: parseText(attributes["traceloop.entity.version"]) },
    error,
  }),
  step: ({ attributes }, name, error) => {
    const path = parseText(attributes["traceloop.entity.path"]);
    const key = path === undefined ? name : `${path}.${name}`;
    return { kind: "step", convention, step: { key, name, type: "task" }, error };
  },
  tool: (_view, name, error) => ({ kind: "tool", convention, tool: { name }, error }),
};

/** A guard that only says what it thinks; whether the application acted on it is not told. */
function guardOf(name: string, attributes: AttributesLike): GuardrailFacts {
  const triggered = attributes["gen_ai.guardrail.status"] === "FAILED";
  const policyDecision = triggered ? "block" : "allow";
  return { name, triggered, policyDecision, effectiveDecision: "allow", mode: "monitor" };
}

const MAX_MESSAGES = 200;

/** `gen_ai.prompt.0.role`, `gen_ai.prompt.0.content`, `gen_ai.prompt.1.role`, … */
function indexed(attributes: AttributesLike, prefix: string): unknown[] | undefined {
  const found: unknown[] = [];
  while (found.length < MAX_MESSAGES) {
    const role = attributes[`${prefix}.${found.length}.role`];
    const content = attributes[`${prefix}.${found.length}.content`];
    if (role === undefined && content === undefined) break;
    found.push({ role, content });
  }
  return found.length > 0 ? found : undefined;
}

export const traceloop: Convention = {
  name: convention,
  read(view) {
    const { attributes, scope } = view;
    if (isMcp(scope)) return readMcp(view);
    const said =
      attributes["traceloop.span.kind"] ?? (isTraceloop(scope) ? kindInName(view.name) : undefined);
    const kind = typeof said === "string" ? entryOf(KINDS, said) : undefined;
    if (typeof said === "string" && kind !== undefined) {
      const error = view.phase === "end" ? failureOf(view.span) : undefined;
      return FACTS[kind]?.(view, entityOf(view, said), error) ?? { kind, convention, error };
    }
    const request = attributes["llm.request.type"];
    if (typeof request === "string") {
      const asked = entryOf(REQUESTS, request)?.[0];
      if (asked === undefined) return undefined;
      const error = view.phase === "end" ? failureOf(view.span) : undefined;
      return { kind: asked, convention, llm: oldModelCall(attributes), error };
    }
    const guard = parseText(attributes["gen_ai.guardrail.name"]);
    // Its status comes at the end.
    if (guard === undefined || view.phase === "start") return undefined;
    return {
      kind: "guardrail",
      convention,
      guardrail: guardOf(guard, attributes),
      error: failureOf(view.span),
    };
  },
  content({ attributes }, { kind, llm }) {
    if (llm === undefined || kind === "tool") {
      return { input: attributes["traceloop.entity.input"], output: attributes["traceloop.entity.output"] };
    }
    const { instructions, input, output } = messages(attributes);
    return {
      instructions,
      input: input ?? indexed(attributes, "gen_ai.prompt"),
      output: output ?? indexed(attributes, "gen_ai.completion"),
    };
  },
};
