/** Errors as the instrumentations of OpenInference write them: into one text, with or without the stack. */
import type { ErrorFacts } from "../../model/activity.ts";
import type { SpanView } from "../../model/convention.ts";
import { errorClass, failureOf } from "../failure.ts";
import { parseText } from "../read.ts";

/** LangGraph jumps between graphs, and pauses, by throwing: such a span did what it was to do. */
const CONTROL_FLOW = /(?:^|\n)(?:ParentCommand|GraphInterrupt|NodeInterrupt|GraphBubbleUp)(?:[:(\n]|$)/;

/** How a stack begins: the name of the class, perhaps the message, and the first place. */
const STACK = /^([\p{L}_$][\p{L}\p{N}_$.]*)[^\n]*\n\s+at /u;
/** The text in `Error in agent run: {"error":"InputGuardrailTripwireTriggered: …"}`. */
const NESTED = /"error":"([\p{L}_$][\p{L}\p{N}_$.]*): /u;
/** `500 The server had an error` */
const STATUS = /^([45]\d\d) /;

/** Longer texts are searched in their beginning only. */
const MAX_SEARCHED = 16_384;

export function failure({ phase, span }: SpanView): ErrorFacts | undefined {
  if (phase === "start") return undefined;
  const failed = failureOf(span);
  const said = failed === undefined ? undefined : span.status.message?.slice(0, MAX_SEARCHED);
  if (failed === undefined || said === undefined) return failed;
  if (CONTROL_FLOW.test(said)) return undefined;
  // The message, an empty line, and the stack.
  const gap = said.indexOf("\n\n");
  const stack = gap < 0 ? undefined : said.slice(gap + 2);
  const thrown = stack === undefined ? undefined : STACK.exec(stack)?.[1];
  // Where an exception names its class, that is exact.
  const type =
    failed.type === "Error"
      ? (errorClass(thrown ?? NESTED.exec(said)?.[1]) ?? STATUS.exec(said)?.[1] ?? failed.type)
      : failed.type;
  if (thrown === undefined) return { ...failed, type };
  return { ...failed, type, message: parseText(said.slice(0, gap)), stack };
}
