/** What the demo's three requests must have become: the script is fixed, so every event is known. */
import type { Replay } from "apie-otel/local";
import type { Heard, Said } from "./customer.ts";

export const MESSAGES: readonly (Said & { readonly status: number })[] = [
  // Two tools, one of which fails, and one behind MCP.
  { text: "Where is my order 1042?", status: 200 },
  // A hand-off to the second agent, and an answer in pieces.
  { text: "That is too late. Refund it, please.", stream: true, status: 200 },
  // The model's provider is down: the run fails, and so does the request.
  { text: "Then change my address for the next one.", status: 502 },
];

const RUNS = ["support completed", "support completed", "billing completed", "support failed"];

/** Three tools by support, the hand-off's, and billing's. */
const TOOL_CALLS = 5;

const EVENTS: Readonly<Record<string, number>> = {
  "agent.llm.called": 9,
  "agent.llm.completed": 7,
  "agent.llm.failed": 2,
  "agent.action.requested": TOOL_CALLS,
  "agent.tool.called": TOOL_CALLS,
  "agent.action.completed": TOOL_CALLS - 1,
  "agent.action.failed": 1,
  "agent.mcp.called": 1,
  "agent.mcp.completed": 1,
  "agent.handoff.requested": 1,
  "agent.handoff.accepted": 1,
  "agent.handoff.completed": 1,
  "agent.error": 1,
};

const tally = (words: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
};

function differences(
  what: string,
  actual: readonly string[],
  expected: Readonly<Record<string, number>>,
): string[] {
  const counts = tally(actual);
  return [...new Set([...Object.keys(expected), ...Object.keys(counts)])]
    .filter((name) => (counts[name] ?? 0) !== (expected[name] ?? 0))
    .map((name) => `${what} ${name}: expected ${expected[name] ?? 0}, got ${counts[name] ?? 0}`);
}

export function answerProblems(heard: readonly Heard[]): string[] {
  return MESSAGES.flatMap(({ text, status, stream }, index) => {
    const answer = heard[index];
    if (answer?.status !== status) return [`"${text}" was answered ${answer?.status}, not ${status}`];
    return stream === true && answer.pieces < 2 ? [`"${text}" was not answered in pieces`] : [];
  });
}

export function storyProblems(replays: readonly Replay[]): string[] {
  const [replay, ...further] = replays;
  const runs = replay?.runs.map(({ agent_key, status }) => `${agent_key} ${status}`) ?? [];
  const [, asking, billing] = replay?.runs ?? [];
  return [
    ...(further.length === 0 && replay?.session !== undefined ? [] : ["expected exactly one session"]),
    ...differences("runs,", runs, tally(RUNS)),
    ...differences("events of type", replay?.events.map(({ type }) => type) ?? [], EVENTS),
    ...(billing?.parent_run_id === asking?.id ? [] : ["billing's run is not below the one that handed over"]),
  ];
}
