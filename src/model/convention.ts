/** What a convention is: one function from a span to the neutral model, and two hints. */
import type { Activity, ContentFacts } from "./activity.ts";
import type { AttributesLike, SpanLike } from "./span.ts";

/** `start`: the span may be open and more attributes may come. `end`: it is whole. */
export type Phase = "start" | "end";

/** A span with what every convention asks of it looked up once. */
export interface SpanView {
  readonly span: SpanLike;
  readonly name: string;
  readonly attributes: AttributesLike;
  /** Name of the instrumentation scope, or the empty text. */
  readonly scope: string;
  /** That of the span above, where that is known. */
  readonly parentScope: string | undefined;
  /** No run is known above it: the session it names matters. */
  readonly mayOpenRun: boolean;
  readonly phase: Phase;
}

/** How spans of a library are read. The built-in ones are folders of `src/conventions`; docs/conventions.md has one to copy. */
export interface Convention {
  /** Kept in `metadata.otel.convention` of the events, e.g. `otel-gen-ai`. */
  readonly name: string;
  /**
   * Recognises a span, once as it starts and once when it has ended. Must not write to it and must not read content. That
   * the work failed is told by `error`, at the end.
   * @returns `undefined` when the span is not of this convention, or nothing is known yet.
   */
  read(view: SpanView): Activity | undefined;
  /**
   * Prompts, answers, arguments and results of a span this convention recognised. Called only when content capture is on;
   * what is returned is bounded at once and redacted before it is stored or sent.
   */
  content?(view: SpanView, activity: Activity): ContentFacts | undefined;
  /**
   * Whether a span nothing is known of at its start may turn out to be agent work at its end. Its children are then kept
   * back until it is known; say so only of scopes of agent libraries.
   */
  mayTurnOut?(view: SpanView): boolean;
}
