/** Messages of a run, where content was captured: what was asked, what the model said, what tools gave. */
import { textOf } from "../../members.ts";
import { partsOf, saidIn } from "../content.ts";
import type { RecordedRun } from "../recorded.ts";
import { factsOf, isToolCall, timesOf, type Work } from "../work.ts";
import { callMetrics, ownModelCalls, payloadOf } from "./metrics.ts";
import { asText, type Json, known, wholeSeconds } from "./names.ts";
import type { Tools } from "./tools.ts";

/** Members that every message has. */
const EVERY = { from_history: false, stop_after_tool_call: false };

/** `undefined` where nothing that was said is known: then AgentOS stores no messages either. */
export function messagesOf(run: RecordedRun, tools: Tools): Json[] | undefined {
  const own = ownModelCalls(run.works);
  const isCaptured = own.some((call) => payloadOf(call).output !== undefined);
  if (!isCaptured) return undefined;
  const { input_summary, id } = run.row;
  const messages: Json[] =
    input_summary === null
      ? []
      : [
          {
            id: `${id}-input`,
            content: input_summary,
            ...EVERY,
            role: "user",
            created_at: wholeSeconds(run.startUs),
          },
        ];
  const calls = new Set(own);
  for (const { event, work } of run.told) {
    if (work === undefined) continue;
    if (calls.has(work) && event === work.end) messages.push(assistant(work));
    else if (event === work.made && isToolCall(work)) messages.push(result(work, tools.of(work) ?? {}));
  }
  return messages;
}

function assistant(work: Work): Json {
  const { output } = payloadOf(work);
  const asked = partsOf(output).flatMap((part) => {
    const name = textOf(part.name, part.toolName);
    const isCall = part.type === "tool_call" || part.type === "tool-call";
    if (!isCall || name === undefined) return [];
    const args = asText(part.arguments ?? part.input ?? part.args) ?? "{}";
    return [
      { id: textOf(part.id, part.toolCallId) ?? "", type: "function", function: { name, arguments: args } },
    ];
  });
  return {
    id: textOf(factsOf(work.end).event_id),
    ...known({ content: saidIn(output), tool_calls: asked.length === 0 ? undefined : asked }),
    ...EVERY,
    role: "assistant",
    metrics: callMetrics(work),
    created_at: wholeSeconds(timesOf(work).startUs),
  };
}

function result(work: Work, tool: Json): Json {
  return {
    id: textOf(factsOf(work.made).event_id),
    content: tool.result,
    ...EVERY,
    role: "tool",
    tool_call_id: tool.tool_call_id,
    tool_name: tool.tool_name,
    tool_args: tool.tool_args,
    tool_call_error: tool.tool_call_error,
    created_at: wholeSeconds(timesOf(work).endUs ?? 0),
  };
}
