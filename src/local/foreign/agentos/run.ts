/**
 * A run in the schemas of AgentOS (`RunSchema`, `TeamRunSchema`, `WorkflowRunSchema` of Agno 2.9), and as the raw run that stands
 * within a workflow's.
 */
import { saidInStep, sourcesOf } from "../content.ts";
import { type RecordedRun, userOf } from "../recorded.ts";
import { type Around, eventsOf } from "./events.ts";
import { messagesOf } from "./messages.ts";
import { metricsOf, ownModelCalls, payloadOf } from "./metrics.ts";
import {
  contentOf,
  isoTime,
  type Json,
  kindOf,
  known,
  modelOf,
  ownerOf,
  type RunKind,
  statusOf,
  wholeSeconds,
} from "./names.ts";
import { type Executors, Steps, stepNames } from "./steps.ts";
import { Tools } from "./tools.ts";

/** What a run is shown with. */
export interface Showing {
  /** Id of the session as it was asked for. */
  readonly sessionId: string;
  /** Which run took over a hand-off, by its id. */
  readonly runOfHandoff: ReadonlyMap<string, string>;
  /** Runs that did the work of a workflow's steps. */
  executorsOf(run: RecordedRun): readonly RecordedRun[];
}

interface Shown extends Around {
  readonly run: RecordedRun;
  readonly showing: Showing;
  readonly executorRuns: readonly RecordedRun[];
}

function shownWith(run: RecordedRun, showing: Showing): Shown {
  const executorRuns = showing.executorsOf(run);
  return {
    run,
    showing,
    executorRuns,
    sessionId: showing.sessionId,
    steps: new Steps(run, byStep(executorRuns)),
    tools: new Tools(run, showing.runOfHandoff),
  };
}

const byStep = (runs: readonly RecordedRun[]): Executors =>
  new Map(runs.flatMap((run) => (run.row.step_key === null ? [] : [[run.row.step_key, run] as const])));

/** Present in every run, and filled in where there is nothing. */
const NO_MEDIA = { images: [], videos: [], audio: [], files: [] };

function reasoningOf({ works }: RecordedRun): Json {
  const texts = works.flatMap((work) =>
    work.kind === "step" && stepNames(work).stem === "Reasoning" ? (saidInStep(work) ?? []) : [],
  );
  return { reasoning_content: texts.join("\n"), reasoning_steps: [], reasoning_messages: [] };
}

const NO_INPUT_MEDIA = { input_media: { images: [], videos: [], audios: [], files: [] } };

function citationsOf(run: RecordedRun): Json | undefined {
  const urls = sourcesOf(run);
  return urls.length === 0 ? undefined : { urls };
}

/** What runs of agents and of teams have in common. Top-level nulls are left out, as AgentOS does. */
function common(shown: Shown): Json {
  const { run, tools } = shown;
  const content = contentOf(run);
  const listed = tools.listed;
  return known({
    status: statusOf(run),
    run_input: run.row.input_summary ?? "",
    content: content ?? "",
    run_response_format: typeof content === "object" ? "json" : "text",
    metrics: metricsOf(run),
    messages: messagesOf(run, tools),
    tools: listed.length === 0 ? undefined : listed,
    events: eventsOf(run, shown),
    created_at: isoTime(run.startUs),
    references: [],
    citations: citationsOf(run),
    ...reasoningOf(run),
    ...NO_MEDIA,
    ...NO_INPUT_MEDIA,
  });
}

const parentOf = ({ row }: RecordedRun): string => row.parent_run_id ?? "";

function agentRun(shown: Shown): Json {
  const { run } = shown;
  const isAgent = kindOf(run.opening) === "agent";
  return {
    run_id: run.row.id,
    parent_run_id: parentOf(run),
    agent_id: isAgent ? run.row.agent_key : "",
    user_id: userOf(run) ?? "",
    ...common(shown),
  };
}

function teamRun(shown: Shown): Json {
  const { run } = shown;
  return { run_id: run.row.id, parent_run_id: parentOf(run), team_id: run.row.agent_key, ...common(shown) };
}

function workflowRun(shown: Shown): Json {
  const { run, steps, executorRuns, showing } = shown;
  const content = contentOf(run);
  return known({
    run_id: run.row.id,
    run_input: run.row.input_summary ?? "",
    events: eventsOf(run, shown),
    workflow_id: kindOf(run.opening) === "workflow" ? run.row.agent_key : "",
    user_id: userOf(run) ?? "",
    content: content ?? "",
    content_type: typeof content === "object" ? "dict" : "str",
    status: statusOf(run),
    step_results: steps.results(),
    step_executor_runs: executorRuns.map((executor) => rawRun(shownWith(executor, showing))),
    metrics: steps.metrics(run),
    created_at: isoTime(run.startUs),
    references: [],
    citations: citationsOf(run),
    ...reasoningOf(run),
    ...NO_MEDIA,
  });
}

/** A run as it is stored, which is how it stands within a workflow's. */
function rawRun(shown: Shown): Json {
  const { run, steps, executorRuns, showing, tools, sessionId } = shown;
  const kind = kindOf(run.opening);
  const isWorkflow = kind === "workflow";
  const content = contentOf(run);
  const [first] = ownModelCalls(run.works);
  const input = run.row.input_summary ?? undefined;
  const listed = tools.listed;
  return known({
    run_id: run.row.id,
    ...ownerOf(run, kind),
    session_id: sessionId,
    parent_run_id: run.row.parent_run_id ?? undefined,
    user_id: userOf(run),
    input: isWorkflow || input === undefined ? input : { input_content: input },
    content,
    content_type: typeof content === "object" ? "dict" : "str",
    ...(first === undefined ? {} : modelOf(payloadOf(first))),
    created_at: wholeSeconds(run.startUs),
    workflow_step_id: run.row.step_key ?? undefined,
    status: statusOf(run),
    metrics: isWorkflow ? steps.metrics(run) : metricsOf(run),
    messages: messagesOf(run, tools),
    tools: listed.length === 0 ? undefined : listed,
    events: eventsOf(run, shown),
    ...(isWorkflow
      ? {
          step_results: steps.results(),
          step_executor_runs: executorRuns.map((executor) => rawRun(shownWith(executor, showing))),
        }
      : {}),
  });
}

/**
 * The run in the schema that AgentOS serves it in: an agent's session has runs of agents; in others it is by what the run itself
 * is (`classify_session_run` of Agno 2.9).
 */
export function showRun(run: RecordedRun, sessionType: RunKind, showing: Showing): Json {
  const kind = sessionType === "agent" ? "agent" : kindOf(run.opening);
  const show = { agent: agentRun, team: teamRun, workflow: workflowRun }[kind];
  return show(shownWith(run, showing));
}
