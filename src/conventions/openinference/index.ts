/**
 * OpenInference (github.com/Arize-ai/openinference, `openinference.span.kind`), as written by its instrumentations of
 * OpenAI, LangChain and LangGraph, the Claude Agent SDK and many more, and by applications with its helpers.
 */
import type { Convention, SpanView } from "../../model/convention.ts";
import { entryOf } from "../read.ts";
import { contentOf } from "./content.ts";
import { FACTS, type Facts } from "./facts.ts";
import { failure } from "./failure.ts";

const KIND = "openinference.span.kind";
const convention = "openinference";

const SCOPES = ["@arizeai/openinference-", "openinference"];
/** Session ids are on their spans at the end, or from the first answer on. */
const SESSION_COMES_LATER: ReadonlySet<string> = new Set([
  "@arizeai/openinference-instrumentation-claude-agent-sdk",
  "@arizeai/openinference-instrumentation-langchain",
]);

/** What a span of this kind tells; kinds are upper case by the specification, and not in every library. */
export function factsFor(
  { attributes }: SpanView,
  table: Readonly<Record<string, Facts>>,
): Facts | undefined {
  const kind = attributes[KIND];
  return typeof kind === "string" ? (entryOf(table, kind) ?? entryOf(table, kind.toUpperCase())) : undefined;
}

/** Below spans of the same library, the session is that of the outermost. */
const lacksSession = ({ attributes, mayOpenRun, parentScope, phase, scope }: SpanView): boolean =>
  phase === "start" &&
  mayOpenRun &&
  SESSION_COMES_LATER.has(scope) &&
  parentScope !== scope &&
  attributes["session.id"] === undefined;

export const openInference: Convention = {
  name: convention,
  read(view) {
    const activity = factsFor(view, FACTS)?.(view, convention, failure(view));
    if (activity !== undefined && lacksSession(view)) activity.provisional = true;
    return activity;
  },
  content: ({ attributes }, { kind }) => contentOf(attributes, kind),
  // Its instrumentations start a span without attributes and set them afterwards, some of them at its end.
  mayTurnOut: ({ scope }) => SCOPES.some((prefix) => scope.startsWith(prefix)),
};
