/** A plain summary of a finished session, made from its events by the rules below. No model is asked. */

import type { EventLine } from "../data/event-line.ts";
import { groupBy } from "../data/group-by.ts";
import type { Session } from "../data/records.ts";
import { count } from "../data/words.ts";
import { isRefusal } from "./kinds.ts";
import type { Lane } from "./lanes.ts";

export interface StoryLine {
  readonly text: string;
  readonly tone?: "error" | "block" | "approval";
  /** Ids of the events it is made from. */
  readonly cites: readonly string[];
}

export interface StorySection {
  readonly title: string;
  readonly lines: readonly StoryLine[];
  /** Said where there is no line. */
  readonly none: string;
}

const idsOf = (lines: readonly EventLine[]): string[] => lines.map(({ event_id }) => event_id);

const times = (many: number): string => (many === 1 ? "once" : many === 2 ? "twice" : `${many} times`);

function list(parts: readonly string[], most = 6): string {
  const shown = parts.slice(0, most);
  const rest = parts.length - shown.length;
  return rest === 0 ? shown.join(", ") : `${shown.join(", ")} and ${rest} more`;
}

/** Groups in the order in which each appears first. */
const grouped = (lines: readonly EventLine[], keyOf: (line: EventLine) => string): EventLine[][] => [
  ...groupBy(lines, keyOf).values(),
];

/** An agent by its name, where its runs tell it. */
type Naming = (agentKey: string) => string;

function namesIn(lanes: readonly Lane[]): Naming {
  const names = new Map(lanes.filter(({ run }) => run !== undefined).map(({ agent, name }) => [agent, name]));
  return (key) => names.get(key) ?? key;
}

const firstOf = (lines: readonly EventLine[]): EventLine => lines[0] as EventLine;

const sum = (lines: readonly EventLine[], member: "tokens_in" | "tokens_out"): number =>
  lines.reduce((total, line) => total + (line[member] ?? 0), 0);

const ofType = (lines: readonly EventLine[], ...types: string[]): EventLine[] =>
  lines.filter(({ type }) => types.includes(type));

/** One closing event for each call of a tool: its action's end, or where it has none, the call itself. */
function toolCalls(lines: readonly EventLine[]): EventLine[] {
  const ends = ofType(lines, "agent.action.completed", "agent.action.failed").filter(({ tool }) => tool);
  const spans = new Set(ends.map(({ span_id }) => span_id));
  const ended = new Set(ends.map(({ run_id, tool }) => `${run_id} ${tool}`));
  const bare = ofType(lines, "agent.tool.called").filter(({ span_id, run_id, tool }) =>
    span_id === undefined ? !ended.has(`${run_id} ${tool}`) : !spans.has(span_id),
  );
  return [...ends, ...bare].sort((a, b) => a.replay_us - b.replay_us);
}

function whatRan(lanes: readonly Lane[], lines: readonly EventLine[], who: Naming): StoryLine[] {
  const told: StoryLine[] = [];
  const firstIn = new Map<string, string>();
  for (const line of lines)
    if (!firstIn.has(line.run_id ?? "")) firstIn.set(line.run_id ?? "", line.event_id);
  const runs = lanes.filter(({ id, events }) => id !== "" && events > 0);
  for (const [, own] of groupBy(runs, ({ name }) => name)) {
    const steps = [...new Set(own.map(({ run }) => run?.step_name).filter((step) => step != null))];
    const statuses = groupBy(own, ({ run }) => run?.status ?? "known from its events only");
    const how = [...statuses].map(([status, some]) =>
      own.length === 1 ? status : `${some.length} ${status}`,
    );
    told.push({
      text: `${own[0]?.name} ran ${times(own.length)} (${how.join(", ")})${steps.length === 0 ? "" : `, for ${list(steps)}`}.`,
      cites: own.map(({ id }) => firstIn.get(id)).filter((id) => id !== undefined),
    });
  }
  for (const calls of grouped(
    ofType(lines, "agent.llm.completed"),
    ({ agent_key, model }) => `${who(agent_key)} ${model}`,
  )) {
    const { agent_key, model } = firstOf(calls);
    const [input, output] = [sum(calls, "tokens_in"), sum(calls, "tokens_out")];
    const tokens = input + output === 0 ? "" : `: ${count(input)} tokens in, ${count(output)} out`;
    told.push({
      text: `${who(agent_key)} asked ${model ?? "a model"} ${times(calls.length)}${tokens}.`,
      cites: idsOf(calls),
    });
  }
  for (const calls of grouped(toolCalls(lines), ({ agent_key }) => agent_key)) {
    const names = grouped(calls, ({ tool }) => tool ?? "").map(
      (same) => `${firstOf(same).tool} ${times(same.length)}`,
    );
    told.push({ text: `${who(firstOf(calls).agent_key)} used ${list(names)}.`, cites: idsOf(calls) });
  }
  for (const calls of grouped(ofType(lines, "agent.mcp.completed"), ({ mcp_server }) => mcp_server ?? "")) {
    const { agent_key, mcp_server } = firstOf(calls);
    told.push({
      text: `${who(agent_key)} asked ${mcp_server === undefined ? "an MCP server" : `the MCP server ${mcp_server}`} ${times(calls.length)}.`,
      cites: idsOf(calls),
    });
  }
  for (const line of ofType(lines, "agent.handoff.requested")) {
    const to = line.target === undefined ? "" : ` to ${line.target}`;
    const why = line.reason === undefined ? "" : `: ${line.reason}`;
    told.push({
      text: `${line.source ?? who(line.agent_key)} handed over${to}${why}.`,
      cites: [line.event_id],
    });
  }
  return told;
}

const FAILURES: Readonly<Record<string, (line: EventLine) => string>> = {
  "agent.action.failed": ({ tool, action, resource }) =>
    tool ?? `${action ?? "an action"} on ${resource ?? "something"}`,
  "agent.llm.failed": ({ model }) => `a call of ${model ?? "a model"}`,
  "agent.mcp.failed": ({ mcp_server, tool }) => `MCP ${[mcp_server, tool].filter(Boolean).join(" / ")}`,
  "agent.workflow.step.failed": ({ step }) => `step ${step ?? ""}`,
  "agent.handoff.failed": ({ target }) => `the hand-off to ${target ?? "another agent"}`,
};

function whatFailed(
  session: Session,
  lanes: readonly Lane[],
  lines: readonly EventLine[],
  who: Naming,
): StoryLine[] {
  const told: StoryLine[] = [];
  const failures = lines.filter(({ type }) => type.endsWith(".failed"));
  const nameOf = (line: EventLine): string => FAILURES[line.type]?.(line) ?? line.type;
  for (const same of grouped(failures, (line) => `${who(line.agent_key)} ${nameOf(line)} ${line.error}`)) {
    const line = firstOf(same);
    const how = line.error === undefined ? "" : `: ${line.error}`;
    told.push({
      text: `${who(line.agent_key)}: ${nameOf(line)} failed${same.length === 1 ? "" : ` ${times(same.length)}`}${how}.`,
      tone: "error",
      cites: idsOf(same),
    });
  }
  const errors = ofType(lines, "agent.error");
  for (const same of grouped(errors, (line) => `${line.run_id} ${line.error}`)) {
    const line = firstOf(same);
    const run = lanes.find(({ id }) => id === line.run_id)?.run;
    const whose =
      run === undefined
        ? "the session"
        : `its run, which ${run.status === "running" ? "goes on" : run.status}`;
    told.push({
      text: `${who(line.agent_key)}: an error in ${whose}: ${line.error ?? "not named"}.`,
      tone: "error",
      cites: idsOf(same),
    });
  }
  const blocks = ofType(lines, "agent.guardrail.evaluated").filter(({ decision }) => decision === "block");
  for (const line of blocks) {
    const stopped =
      line.enforcement === "block" ? "was stopped" : "would have been stopped, in enforce mode,";
    const why = line.reason === undefined ? "" : `: ${line.reason}`;
    const what = [line.action ?? "an action", line.resource, line.resource_id].filter(Boolean).join(" ");
    told.push({
      text: `${who(line.agent_key)} ${stopped} by a guardrail at “${what}”${why}.`,
      tone: "block",
      cites: [line.event_id],
    });
  }
  for (const line of ofType(lines, "agent.approval.resolved")) {
    if (!isRefusal(line.approval_status)) continue;
    const by = line.resolved_by === undefined ? "" : ` by ${line.resolved_by}`;
    told.push({
      text: `An approval for ${who(line.agent_key)} was ${line.approval_status}${by}.`,
      tone: "block",
      cites: [line.event_id],
    });
  }
  if (session.status === "failed" && told.length === 0 && lines.length > 0) {
    told.push({
      text: "The session failed; no event says why.",
      tone: "error",
      cites: idsOf(lines.slice(-1)),
    });
  }
  return told;
}

function whatWasTouched(lines: readonly EventLine[], who: Naming): StoryLine[] {
  const touched = [
    ...ofType(lines, "agent.action.completed", "agent.resource.touched"),
    ...toolCalls(lines).filter(({ type }) => type === "agent.tool.called"),
  ].filter(({ resource }) => resource !== undefined && resource !== "unknown");
  return grouped(touched, ({ resource, environment }) => `${resource} ${environment}`).map((same) => {
    const { resource, environment } = firstOf(same);
    const actions = grouped(same, ({ action }) => action ?? "touched").map(
      (some) => `${firstOf(some).action ?? "touched"} ${times(some.length)}`,
    );
    const which = [...new Set(same.map(({ resource_id }) => resource_id).filter((id) => id !== undefined))];
    const agents = [...new Set(same.map(({ agent_key }) => agent_key))];
    const where = environment === undefined ? "" : ` in ${environment}`;
    const named = which.length === 0 ? "" : ` (${list(which, 4)})`;
    return {
      text: `${resource}${where}${named}: ${list(actions)} by ${list(agents.map(who))}.`,
      cites: idsOf(same),
    };
  });
}

/** Of events that begin something, those after which nothing ended it. */
function unended(lines: readonly EventLine[], begin: string, ends: readonly string[]): EventLine[] {
  const keyOf = (line: EventLine): string =>
    line.span_id ??
    line.handoff_id ??
    `${line.run_id} ${line.tool ?? line.step ?? line.action ?? line.model}`;
  const ended = new Set(ofType(lines, ...ends).map(keyOf));
  return ofType(lines, begin).filter((line) => !ended.has(keyOf(line)));
}

function whatWaits(lanes: readonly Lane[], lines: readonly EventLine[], who: Naming): StoryLine[] {
  const told: StoryLine[] = [];
  const resolved = new Set(ofType(lines, "agent.approval.resolved").map(({ approval_id }) => approval_id));
  for (const line of ofType(lines, "agent.approval.requested")) {
    if (resolved.has(line.approval_id)) continue;
    told.push({
      text: `${who(line.agent_key)} asked for approval of ${line.action ?? "an action"} on ${line.resource ?? "something"}, and no answer is recorded.`,
      tone: "approval",
      cites: [line.event_id],
    });
  }
  const BEGUN = [
    ["agent.action.requested", ["agent.action.completed", "agent.action.failed"], "was begun and has no end"],
    ["agent.llm.called", ["agent.llm.completed", "agent.llm.failed"], "was asked and has no answer"],
    [
      "agent.workflow.step.started",
      ["agent.workflow.step.completed", "agent.workflow.step.failed"],
      "was begun and has no end",
    ],
  ] as const;
  for (const [begin, ends, what] of BEGUN) {
    for (const line of unended(lines, begin, ends)) {
      const subject = line.tool ?? line.step ?? line.model ?? line.action ?? "something";
      told.push({ text: `${who(line.agent_key)}: ${subject} ${what}.`, cites: [line.event_id] });
    }
  }
  const concluded = new Set(
    ofType(lines, "agent.handoff.completed", "agent.handoff.failed").map(({ handoff_id }) => handoff_id),
  );
  for (const line of ofType(lines, "agent.handoff.requested")) {
    if (line.handoff_id === undefined || concluded.has(line.handoff_id)) continue;
    told.push({
      text: `The hand-off to ${line.target ?? "another agent"} has no end.`,
      cites: [line.event_id],
    });
  }
  for (const lane of lanes) {
    if (lane.run?.status !== "running") continue;
    const last = lines.findLast(({ run_id }) => run_id === lane.id);
    if (last !== undefined)
      told.push({ text: `A run of ${lane.name} is still open.`, cites: [last.event_id] });
  }
  return told;
}

/** What is said more than once is said once, with all it is made from. */
function withoutRepeats(lines: readonly StoryLine[]): StoryLine[] {
  return [...groupBy(lines, ({ text }) => text).values()].map((same) => {
    const [first] = same as [StoryLine];
    if (same.length === 1) return first;
    return {
      ...first,
      text: `${first.text} (${times(same.length)})`,
      cites: same.flatMap(({ cites }) => cites),
    };
  });
}

/** @param lines of the whole session, in the order of the replay */
export function storyOf(
  session: Session,
  lanes: readonly Lane[],
  lines: readonly EventLine[],
): StorySection[] {
  const who = namesIn(lanes);
  const sections: StorySection[] = [
    { title: "What ran", lines: whatRan(lanes, lines, who), none: "No event tells of anything that ran." },
    {
      title: "What failed",
      lines: whatFailed(session, lanes, lines, who),
      none: "Nothing failed or was stopped.",
    },
    {
      title: "What was touched",
      lines: whatWasTouched(lines, who),
      none: "No event names a resource. Give your tools a resource and an action, and it shows here.",
    },
    { title: "What waits", lines: whatWaits(lanes, lines, who), none: "Nothing waits." },
  ];
  return sections.map((section) => ({ ...section, lines: withoutRepeats(section.lines) }));
}
