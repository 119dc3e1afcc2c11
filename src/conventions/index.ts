/** Which conventions are understood, in the order they are asked: the first that knows the span decides what it is. */
import type { Activity, ContentFacts } from "../model/activity.ts";
import type { AttributesLike, ScopeLike, SpanLike } from "../model/span.ts";
import { aiSdk } from "./ai-sdk/index.ts";
import { apieConvention } from "./apie/index.ts";
import type { Convention, Phase, SpanView } from "./convention.ts";
import { sessionIdOf, userIdOf } from "./identity.ts";
import { otelGenAi } from "./otel-gen-ai/index.ts";
import { otelMcp } from "./otel-mcp/index.ts";
import { parseJson } from "./read.ts";

export { APIE_CONVENTION } from "./apie/index.ts";
export type { Convention, Phase, SpanView } from "./convention.ts";
export { failureOf } from "./failure.ts";

/** Built-in conventions. A further one is a folder beside this file and a line here. */
export const CONVENTIONS: readonly Convention[] = [apieConvention, otelMcp, otelGenAi, aiSdk];

const NO_SCOPE: ScopeLike = { name: "" };

/** Spans may be made by hand and lack members. */
function viewOf(span: SpanLike, phase: Phase): SpanView {
  const scope = span.instrumentationScope ?? span.instrumentationLibrary ?? NO_SCOPE;
  return { span, name: span.name ?? "", attributes: span.attributes ?? {}, scope: scope.name ?? "", phase };
}

/** JSON in a text becomes what it stands for: readable at Apie, redacted member by member, cut where it is long. */
const structured = (value: unknown): unknown =>
  typeof value === "string" ? (parseJson(value) ?? value) : value;

/** Members are only added where there is something: activities are many, and wait with their events. */
function identify(activity: Activity, attributes: AttributesLike): void {
  const sessionId = activity.sessionId ?? sessionIdOf(attributes);
  if (sessionId !== undefined) activity.sessionId = sessionId;
  const userId = activity.userId ?? userIdOf(attributes);
  if (userId !== undefined) activity.userId = userId;
}

export class ConventionReader {
  readonly #conventions: readonly Convention[];

  /** @param own conventions of the user's, asked first. */
  constructor(own: readonly Convention[] = []) {
    this.#conventions = [...own, ...CONVENTIONS];
  }

  /**
   * What the span tells of, by the first convention that knows it.
   * @param withIdentity also session and user, by any convention that names them: for spans that may open a run.
   */
  read(span: SpanLike, phase: Phase, withIdentity = true): Activity | undefined {
    const view = viewOf(span, phase);
    for (const convention of this.#conventions) {
      const activity = convention.read(view);
      if (activity === undefined) continue;
      if (withIdentity) identify(activity, view.attributes);
      return activity;
    }
    return undefined;
  }

  /** Prompts, answers, arguments and results of a span that was read as this activity. */
  content(span: SpanLike, phase: Phase, activity: Activity): ContentFacts | undefined {
    const convention = this.#conventions.find((candidate) => candidate.name === activity.convention);
    const content = convention?.content?.(viewOf(span, phase), activity);
    if (content === undefined) return undefined;
    const { instructions, input, output } = content;
    return { instructions: structured(instructions), input: structured(input), output: structured(output) };
  }

  /** Session id on a span that no convention knows. */
  sessionHint(span: SpanLike): string | undefined {
    return sessionIdOf(span.attributes ?? {});
  }

  /** Whether a span no convention knows yet may be agent work at its end. */
  mayTurnOut(span: SpanLike): boolean {
    const view = viewOf(span, "start");
    return this.#conventions.some((convention) => convention.mayTurnOut?.(view) ?? false);
  }
}
