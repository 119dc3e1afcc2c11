/**
 * Agno, as `openinference-instrumentation-agno` writes it: runs of agents and teams are AGENT, those of workflows and their
 * steps CHAIN. A run that fails is caught within, and its span ends with status OK.
 */
import type { Activity, ErrorFacts } from "../../model/activity.ts";
import type { SpanView } from "../../model/convention.ts";
import type { AttributesLike } from "../../model/span.ts";
import { parseText } from "../read.ts";

const STEP = /^agno\.(?:step|parallel|loop|condition|router|steps)\./;
const WORKFLOW = ["agno.workflow.id", "agno.workflow.steps"];
/** Its spans are called `<name>.<method>`. */
const METHOD = /\.(?:a?run|execute(?:_stream)?|aexecute(?:_stream)?)$/;

export const isAgnoRun = (attributes: AttributesLike): boolean =>
  ["agno.run.id", "agno.agent.id", "agno.team.id", ...WORKFLOW].some((key) => attributes[key] !== undefined);

/** The run's id at Agno, for those who look there, and whether its failure shows. */
export function silentFailure(attributes: AttributesLike, activity: Activity): void {
  const runId = parseText(attributes["agno.run.id"]);
  if (runId !== undefined) activity.metadata = { ...activity.metadata, agno_run_id: runId };
  // An answer is there where the run went on after an error.
  if (parseText(attributes["output.value"]) === undefined)
    activity.run = { ...activity.run, failsWithItsWork: true };
}

const plainName = ({ attributes, name }: SpanView): string | undefined =>
  parseText(attributes["graph.node.name"]) ?? parseText(name)?.replace(METHOD, "");

export function agnoWorkflow(
  view: SpanView,
  convention: string,
  error: ErrorFacts | undefined,
): Activity | undefined {
  const { attributes, phase } = view;
  if (!WORKFLOW.some((key) => attributes[key] !== undefined)) return undefined;
  const activity: Activity = { kind: "run", convention, agent: { name: plainName(view) }, error };
  if (phase === "end") silentFailure(attributes, activity);
  return activity;
}

export function agnoStep(
  view: SpanView,
  convention: string,
  error: ErrorFacts | undefined,
): Activity | undefined {
  if (!Object.keys(view.attributes).some((key) => STEP.test(key))) return undefined;
  const name = plainName(view) ?? "step";
  return { kind: "step", convention, step: { key: name, name }, error };
}
