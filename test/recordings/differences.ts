/** Compares what was told with what truly happened, field by field. */
import {
  alternativesOf,
  type Expected,
  type ExpectedGuardrail,
  type ExpectedHandoff,
  type ExpectedMcp,
  type ExpectedRun,
  type ExpectedTool,
  type Facts,
  type Feed,
  listOf,
  type OneOf,
  type Tokens,
  valuesOf,
} from "./expected.ts";
import { eventsOf, membersOf, type Observed, type ObservedRun } from "./observed.ts";

/** @returns what differs from the alternative that comes nearest, in words; empty when one of them holds as a whole. */
export function differences(expected: Expected, feed: Feed, observed: Observed): string[] {
  const found = alternativesOf(expected, feed).map((facts) => check(facts, observed));
  return found.reduce((least, next) => (next.length < least.length ? next : least));
}

const NO_MCP: ExpectedMcp = { calls: [], lists: 0 };

function check(facts: Facts, observed: Observed): string[] {
  return [
    ...checkRuns(facts.runs ?? [], facts.extraRuns ?? 0, observed),
    ...checkSessions(facts.sessionIds ?? [], observed),
    ...checkModelCalls(facts, observed),
    ...checkUsage(facts.usage, observed),
    ...checkTools(facts.tools ?? [], observed),
    ...checkMcp(facts.mcp ?? NO_MCP, observed),
    ...checkHandoffs(facts.handoffs ?? [], observed),
    ...checkGuardrails(facts.guardrails ?? [], observed),
  ];
}

// ---- runs and sessions ---------------------------------------------------------------------------------------------

type Chosen = readonly ObservedRun[];

function isParent(expected: ExpectedRun, run: ObservedRun, chosen: Chosen): boolean {
  if (expected.parent === undefined) return run.parentId === undefined;
  return listOf(expected.parent).some((index) => chosen[index]?.id === run.parentId);
}

function matches(expected: ExpectedRun, run: ObservedRun, chosen: Chosen, { sessions }: Observed): boolean {
  const { agent, status, session } = expected;
  if (agent !== null && !listOf(agent).some((name) => run.names.has(name))) return false;
  if (!listOf(status).includes(run.status ?? "") || !isParent(expected, run, chosen)) return false;
  return session === undefined || sessions.get(run.sessionId ?? "")?.includes(session) === true;
}

/** A run for each expected one; the order among equals does not matter. */
function assign(
  expected: readonly ExpectedRun[],
  observed: Observed,
  chosen: Chosen = [],
): Chosen | undefined {
  const next = expected[chosen.length];
  if (next === undefined) return chosen;
  for (const run of observed.runs) {
    if (chosen.includes(run) || !matches(next, run, chosen, observed)) continue;
    const whole = assign(expected, observed, [...chosen, run]);
    if (whole !== undefined) return whole;
  }
  return undefined;
}

const describeRun = (run: ObservedRun): string =>
  `${[...run.names].join("/")}:${run.status}${run.parentId === undefined ? "" : ` (child of ${run.parentId})`}`;

function checkRuns(expected: readonly ExpectedRun[], extra: number, observed: Observed): string[] {
  const surplus = observed.runs.length - expected.length;
  const isRight = surplus >= 0 && surplus <= extra && assign(expected, observed) !== undefined;
  return isRight
    ? []
    : [
        `runs: expected ${JSON.stringify(expected)}, got ${observed.runs.map(describeRun).join(", ") || "none"}`,
      ];
}

function checkSessions(ids: readonly string[], { sessions, runs }: Observed): string[] {
  return ids.flatMap((id) => {
    const holding = [...sessions].filter(([, sent]) => sent.includes(id)).map(([apieId]) => apieId);
    if (holding.length !== 1) return [`session ${id}: expected one, got ${holding.length}`];
    return runs.some((run) => run.sessionId === holding[0]) ? [] : [`session ${id}: holds no run`];
  });
}

// ---- model calls ---------------------------------------------------------------------------------------------------

function checkModelCalls({ llm }: Facts, observed: Observed): string[] {
  if (llm === undefined) return [];
  const count = (stage: string): number => eventsOf(observed, `agent.llm.${stage}`).length;
  const got = { called: count("called"), completed: count("completed"), failed: count("failed") };
  const isRight = valuesOf(llm).some(
    ({ called, completed, failed }) =>
      called === got.called && completed === got.completed && failed === got.failed,
  );
  return isRight ? [] : [`model calls: expected ${JSON.stringify(llm)}, got ${JSON.stringify(got)}`];
}

function checkUsage(expected: OneOf<Tokens> | null | undefined, observed: Observed): string[] {
  if (expected === undefined) return [];
  const usages = eventsOf(observed, "agent.llm.completed")
    .map((event) => membersOf(event.payload_summary).usage)
    .filter((usage) => usage !== undefined)
    .map(membersOf);
  const wanted = JSON.stringify(expected);
  if (expected === null)
    return usages.length === 0 ? [] : [`usage: expected none, got ${JSON.stringify(usages)}`];
  const sum = (name: string): number => usages.reduce((total, usage) => total + Number(usage[name] ?? 0), 0);
  const got = { input: sum("input"), output: sum("output") };
  const isRight = valuesOf(expected).some(
    ({ input, output }) => input === got.input && (output ?? 0) === got.output,
  );
  return isRight ? [] : [`usage: expected ${wanted}, got ${JSON.stringify(got)}`];
}

// ---- tools and MCP -------------------------------------------------------------------------------------------------

const namesOf = ({ name, aka = [] }: ExpectedTool): string[] => [name, ...aka];

function checkTool(expected: ExpectedTool, observed: Observed): string[] {
  const { status, times, optional, agent } = expected;
  const events = observed.events.filter((event) =>
    namesOf(expected).includes(String(membersOf(event.tool).name)),
  );
  const count = (type: string): number => events.filter((event) => event.type === type).length;
  const got = {
    called: count("agent.tool.called"),
    requested: count("agent.action.requested"),
    completed: count("agent.action.completed"),
    failed: count("agent.action.failed"),
  };
  if (optional === true && events.length === 0) return [];
  const isRight = listOf(times).some(
    (wanted) =>
      got.called === wanted &&
      got.requested === wanted &&
      got[status] === wanted &&
      got.completed + got.failed === wanted,
  );
  if (!isRight)
    return [`tool ${expected.name}: expected ${JSON.stringify(times)} ${status}, got ${JSON.stringify(got)}`];
  if (agent === undefined || !observed.runs.some((run) => run.names.has(agent))) return [];
  const strays = events
    .map((event) => observed.runs.find((run) => run.id === event.run_id))
    .filter((run) => run?.names.has(agent) !== true);
  return strays.length === 0 ? [] : [`tool ${expected.name}: ${agent}'s, told of another run`];
}

function checkTools(expected: readonly ExpectedTool[], observed: Observed): string[] {
  const known = new Set(expected.flatMap(namesOf));
  const others = observed.events
    .filter(({ type }) => type === "agent.tool.called" || type === "agent.action.requested")
    .map((event) => String(membersOf(event.tool).name))
    .filter((name) => !known.has(name));
  return [
    ...expected.flatMap((tool) => checkTool(tool, observed)),
    ...(others.length === 0 ? [] : [`tools: not expected: ${others.join(", ")}`]),
  ];
}

function checkMcp(expected: ExpectedMcp, observed: Observed): string[] {
  const calls = (type: string): string[] =>
    eventsOf(observed, type).map((event) => String(membersOf(event.payload_summary).tool));
  const wanted = (status?: string): string[] =>
    expected.calls.filter((call) => status === undefined || call.status === status).map(({ tool }) => tool);
  const compare = (what: string, want: readonly string[], got: readonly string[]): string[] =>
    want.toSorted().join() === got.toSorted().join() ? [] : [`${what}: expected ${want}, got ${got}`];
  const lists = eventsOf(observed, "agent.mcp.tools_listed").length;
  return [
    ...compare("MCP calls", wanted(), calls("agent.mcp.called")),
    ...compare("completed MCP calls", wanted("completed"), calls("agent.mcp.completed")),
    ...compare("failed MCP calls", wanted("failed"), calls("agent.mcp.failed")),
    ...(lists === expected.lists ? [] : [`MCP lists: expected ${expected.lists}, got ${lists}`]),
  ];
}

// ---- hand-offs and guardrails --------------------------------------------------------------------------------------

function checkHandoffs(expected: readonly ExpectedHandoff[], observed: Observed): string[] {
  const left = eventsOf(observed, "agent.handoff.requested").map((event) => {
    const [summary, metadata] = [membersOf(event.payload_summary), membersOf(event.metadata)];
    return { from: [summary.source, metadata.source_name], to: [summary.target, metadata.target_name] };
  });
  const missing = expected.flatMap(({ from, to, times = 1, optional }) => {
    let found = 0;
    while (found < times) {
      const index = left.findIndex(
        (one) => (from === undefined || one.from.includes(from)) && (to === undefined || one.to.includes(to)),
      );
      if (index < 0) break;
      left.splice(index, 1);
      found += 1;
    }
    if (found === times || (optional === true && found === 0)) return [];
    return [`hand-off from ${from ?? "any"} to ${to ?? "any"}: expected ${times}, got ${found}`];
  });
  return left.length === 0 ? missing : [...missing, `hand-offs: not expected: ${JSON.stringify(left)}`];
}

function checkGuardrails(expected: readonly ExpectedGuardrail[], observed: Observed): string[] {
  const got = eventsOf(observed, "agent.guardrail.evaluated").map((event) => ({
    name: membersOf(event.metadata).guardrail,
    policy: membersOf(event.decision).policyDecision,
  }));
  const missing = expected.flatMap(({ name, policy, optional }) => {
    const index = got.findIndex(
      (one) => one.name === name && (policy === undefined || one.policy === policy),
    );
    if (index >= 0) got.splice(index, 1);
    return index >= 0 || optional === true ? [] : [`guardrail ${name}: not evaluated to ${policy ?? "any"}`];
  });
  return got.length === 0 ? missing : [...missing, `guardrails: not expected: ${JSON.stringify(got)}`];
}
