/** Two views of one model call: what the inner one knows and the outer does not is told with the outer. */
import type { Activity, ContentFacts, ModelCallFacts } from "../model/activity.ts";

export type InnerView = Pick<Activity, "llm" | "content">;

/** What an outer view may leave out. How the call was made and named stays the outer's. */
const ANSWERS = ["usage", "responseModel", "responseId", "finishReason", "timeToFirstTokenMs"] as const;
const CONTENTS = ["instructions", "input", "output"] as const;

function filled<Facts extends object, Name extends keyof Facts>(
  own: Facts,
  inner: Facts,
  names: readonly Name[],
): Facts {
  const copy = { ...own };
  for (const name of names) copy[name] ??= inner[name];
  return copy;
}

/** The view of a call with what a view inside of it adds. */
export function withInner(outer: Activity, inner: InnerView): Activity {
  const llm: ModelCallFacts | undefined =
    outer.llm === undefined || inner.llm === undefined ? outer.llm : filled(outer.llm, inner.llm, ANSWERS);
  const content: ContentFacts | undefined =
    inner.content === undefined ? outer.content : filled(outer.content ?? {}, inner.content, CONTENTS);
  return { ...outer, llm, content };
}
