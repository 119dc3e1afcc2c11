/** Which conventions are understood, in the order they are asked: the first that knows the span decides what it is. */
import type { ApieOptions, InferRule } from "../config/index.ts";
import { withoutBlobs } from "../events/index.ts";
import type { Activity, ContentFacts } from "../model/activity.ts";
import type { Convention, Phase, SpanView } from "../model/convention.ts";
import type { AttributesLike, ScopeLike, SpanLike } from "../model/span.ts";
import { aiSdk } from "./ai-sdk/index.ts";
import { APIE_CONVENTION, apieConvention } from "./apie/index.ts";
import { sessionIdOf, userIdOf } from "./identity.ts";
import { langfuse } from "./langfuse/index.ts";
import { mastra } from "./mastra/index.ts";
import { openAiAgents } from "./openai-agents/index.ts";
import { openInference } from "./openinference/index.ts";
import { otelGenAi } from "./otel-gen-ai/index.ts";
import { otelMcp } from "./otel-mcp/index.ts";
import { parseJson } from "./read.ts";
import { ToolInference } from "./tool-inference.ts";
import { touchedResources } from "./touched-resources.ts";
import { traceloop } from "./traceloop/index.ts";

export { APIE_CONVENTION } from "./apie/index.ts";
export { failureOf } from "./failure.ts";
export { type Inferred, inferFromToolName, ToolInference } from "./tool-inference.ts";

/** Built-in conventions. A further one is a folder beside this file and a line here. */
export const CONVENTIONS: readonly Convention[] = [
  apieConvention,
  otelMcp,
  mastra,
  otelGenAi,
  aiSdk,
  openAiAgents,
  openInference,
  traceloop,
  langfuse,
];

const NO_SCOPE: ScopeLike = { name: "" };

/** Spans may be made by hand and lack members. */
function viewOf(span: SpanLike, phase: Phase, mayOpenRun: boolean, parentScope?: string): SpanView {
  const scope = span.instrumentationScope ?? span.instrumentationLibrary ?? NO_SCOPE;
  return {
    span,
    name: span.name ?? "",
    attributes: span.attributes ?? {},
    scope: scope.name ?? "",
    parentScope,
    mayOpenRun,
    phase,
  };
}

/** Longer content is cut as text: reading this much takes a few milliseconds. */
const MAX_JSON = 2_097_152;
/** Characters in which images are looked for then, so that what is around them may be read. */
const MAX_SEARCHED = 262_144;

/** JSON in a text becomes what it stands for: readable at Apie, redacted member by member, cut where it is long. */
function structured(value: unknown): unknown {
  if (typeof value !== "string") return value;
  const text = value.length > MAX_JSON ? withoutBlobs(value, MAX_SEARCHED) : value;
  return parseJson(text, MAX_JSON) ?? text;
}

/** Members are only added where there is something: activities are many, and wait with their events. */
function identify(activity: Activity, attributes: AttributesLike): void {
  const sessionId = activity.sessionId ?? sessionIdOf(attributes);
  if (sessionId !== undefined) activity.sessionId = sessionId;
  const userId = activity.userId ?? userIdOf(attributes);
  if (userId !== undefined) activity.userId = userId;
}

export interface ReaderOptions {
  /** Rules to infer action and resource of tool calls by, beside the built-in ones. Default: nothing is inferred. */
  inferRules?: readonly InferRule[] | false | undefined;
  /** Also for calls of our own API. */
  infersOwn?: boolean | undefined;
  /** Spans that are no agent work and tell of touched resources. */
  touched?: ApieOptions["touchedResources"];
  /** Told what a convention of the user's threw. */
  onFailure?: ((error: unknown, span: SpanLike) => void) | undefined;
}

/** A convention of the user's that throws does not know the span: the others are asked all the same. */
function guarded(own: Convention, onFailure: (error: unknown, span: SpanLike) => void): Convention {
  const attempt = <T>({ span }: SpanView, run: () => T): T | undefined => {
    try {
      return run();
    } catch (error) {
      onFailure(error, span);
      return undefined;
    }
  };
  return {
    name: own.name,
    read: (view) => attempt(view, () => own.read(view)),
    content: (view, activity) => attempt(view, () => own.content?.(view, activity)),
    mayTurnOut: (view) => attempt(view, () => own.mayTurnOut?.(view)) ?? false,
  };
}

const isCall = ({ kind }: Activity): boolean => kind === "tool" || kind === "mcp";

export class ConventionReader {
  readonly #conventions: readonly Convention[];
  readonly #inference: ToolInference | undefined;
  readonly #infersOwn: boolean;

  /** @param own conventions of the user's, asked first. */
  constructor(own: readonly Convention[] = [], options: ReaderOptions = {}) {
    const { touched = [], inferRules = false, onFailure = () => undefined } = options;
    const last = touched.length > 0 ? [touchedResources(touched)] : [];
    const asked = own.map((convention) => guarded(convention, onFailure));
    this.#conventions = [...asked, ...CONVENTIONS, ...last];
    this.#inference = inferRules === false ? undefined : new ToolInference(inferRules);
    this.#infersOwn = options.infersOwn === true;
  }

  /**
   * What the span tells of, by the first convention that knows it.
   * @param mayOpenRun also session and user, by any convention that names them.
   * @param parentScope instrumentation scope of the span above, where that is known.
   */
  read(span: SpanLike, phase: Phase, mayOpenRun = true, parentScope?: string): Activity | undefined {
    const view = viewOf(span, phase, mayOpenRun, parentScope);
    for (const convention of this.#conventions) {
      const activity = convention.read(view);
      if (activity === undefined) continue;
      if (this.#inference !== undefined && isCall(activity)) this.#infer(this.#inference, activity);
      if (mayOpenRun) identify(activity, view.attributes);
      return activity;
    }
    return undefined;
  }

  #infer(inference: ToolInference, activity: Activity): void {
    if (this.#infersOwn || activity.convention !== APIE_CONVENTION) inference.complete(activity);
  }

  /** Prompts, answers, arguments and results of a span that was read as this activity. */
  content(span: SpanLike, phase: Phase, activity: Activity): ContentFacts | undefined {
    const convention = this.#conventions.find((candidate) => candidate.name === activity.convention);
    const content = convention?.content?.(viewOf(span, phase, false), activity);
    if (content === undefined) return undefined;
    const { instructions, input, output, text } = content;
    return {
      instructions: structured(instructions),
      input: structured(input),
      output: structured(output),
      text,
    };
  }

  /** Session id on a span that no convention knows. */
  sessionHint(span: SpanLike): string | undefined {
    return sessionIdOf(span.attributes ?? {});
  }

  /** Whether a span no convention knows yet may be agent work at its end. */
  mayTurnOut(span: SpanLike): boolean {
    const view = viewOf(span, "start", true);
    return this.#conventions.some((convention) => convention.mayTurnOut?.(view) ?? false);
  }
}
