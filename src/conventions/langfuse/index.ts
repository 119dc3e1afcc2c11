/**
 * Langfuse (langfuse.com/docs/observability/sdk): observations made by hand, or by its wrappers of model clients. Spans start
 * with no attributes, and errors are never a status.
 */
import type { Activity, ActivityKind, ErrorFacts, ModelCallFacts } from "../../model/activity.ts";
import type { Convention, SpanView } from "../../model/convention.ts";
import { errorClass, failureOf } from "../failure.ts";
import { type ModelCallFields, readModelCall } from "../model-call.ts";
import { as, entryOf, parseFlag, parseJson, parseObject, parseText, text } from "../read.ts";
import { usageOf } from "./usage.ts";

const convention = "langfuse";
const TYPE = "langfuse.observation.type";

/** Values of the type; `span` says nothing, and is looked at by other conventions. */
export const TYPES: Readonly<Record<string, ActivityKind>> = {
  agent: "run",
  generation: "llm",
  embedding: "embedding",
  tool: "tool",
  chain: "step",
  retriever: "retrieval",
  guardrail: "guardrail",
  evaluator: "none",
  event: "none",
};

const MODEL_CALL: ModelCallFields = {
  requestModel: text("langfuse.observation.model.name"),
  stream: as((value) => parseFlag(parseObject(value)?.stream), "langfuse.observation.model.parameters"),
  // Is read apart: all of it stands in one JSON.
  usage: {},
};

function failureOfObservation({ span, attributes }: SpanView): ErrorFacts | undefined {
  const failure = failureOf(span);
  if (failure !== undefined || attributes["langfuse.observation.level"] !== "ERROR") return failure;
  const message = parseText(attributes["langfuse.observation.status_message"]);
  // `RateLimitError: 429 …`; any other first word could be content.
  const type = errorClass(message?.split(":", 1)[0]);
  return { type: type ?? "Error", message };
}

/** Time of the first token, a JSON text. */
function firstTokenAfter({ span, attributes }: SpanView): number | undefined {
  const value = attributes["langfuse.observation.completion_start_time"];
  const time = typeof value === "string" ? Date.parse(String(parseJson(value) ?? value)) : Number.NaN;
  // A span made by hand may lack its start.
  const [seconds = Number.NaN, nanos = 0] = span.startTime ?? [];
  const after = time - (seconds * 1_000 + nanos / 1_000_000);
  return after >= 0 ? after : undefined;
}

function modelCall(view: SpanView, operation: string): ModelCallFacts {
  const facts = readModelCall(MODEL_CALL, view.attributes);
  facts.operation = operation;
  facts.timeToFirstTokenMs = firstTokenAfter(view);
  facts.usage = usageOf(view.attributes["langfuse.observation.usage_details"]);
  return facts;
}

type Facts = (view: SpanView, error: ErrorFacts | undefined) => Activity;

/** What an observation of each kind tells; its name is the span's. */
const FACTS: Partial<Record<ActivityKind, Facts>> = {
  run: ({ name, attributes }, error) => ({
    kind: "run",
    convention,
    agent: { name: parseText(name), version: parseText(attributes["langfuse.version"]) },
    error,
  }),
  llm: (view, error) => ({ kind: "llm", convention, llm: modelCall(view, "chat"), error }),
  embedding: (view, error) => ({ kind: "embedding", convention, llm: modelCall(view, "embeddings"), error }),
  tool: ({ name }, error) => ({
    kind: "tool",
    convention,
    tool: { name: parseText(name) ?? "unknown" },
    error,
  }),
  step: ({ name }, error) => ({
    kind: "step",
    convention,
    step: { key: parseText(name), name: parseText(name), type: "task" },
    error,
  }),
  retrieval: (_view, error) => ({
    kind: "retrieval",
    convention,
    resource: { type: "knowledge_base" },
    action: { type: "read", name: "retrieval" },
    error,
  }),
  // What it decided is in its output, in words of the application's.
  guardrail: ({ name }, error) => ({
    kind: "guardrail",
    convention,
    guardrail: { name: parseText(name) },
    error,
  }),
};

export const langfuse: Convention = {
  name: convention,
  read(view) {
    const type = view.attributes[TYPE];
    const kind = typeof type === "string" ? entryOf(TYPES, type) : undefined;
    if (kind === undefined) return undefined;
    const error = view.phase === "end" ? failureOfObservation(view) : undefined;
    return FACTS[kind]?.(view, error) ?? { kind, convention, error };
  },
  content({ attributes }) {
    return {
      input: attributes["langfuse.observation.input"],
      output: attributes["langfuse.observation.output"],
    };
  },
  mayTurnOut: ({ scope, attributes }) => scope === "langfuse-sdk" && attributes[TYPE] === undefined,
};
