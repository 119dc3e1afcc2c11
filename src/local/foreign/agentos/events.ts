/**
 * Events of a run in the names of AgentOS. What it has no name for is a `CustomEvent` that bears the event as it was recorded
 * here, under `apie_event`.
 */
import { type Members, members, textOf } from "../../members.ts";
import { saidInStep } from "../content.ts";
import { type RecordedRun, usageOf } from "../recorded.ts";
import { factsOf, hasFailed, isToolCall, isWait, type Told, timeOf, type Work } from "../work.ts";
import { ownModelCalls, payloadOf, tokensOf } from "./metrics.ts";
import {
  asText,
  contentOf,
  type Json,
  kindOf,
  known,
  modelOf,
  ownerOf,
  type RunKind,
  stageName,
  wholeSeconds,
  workName,
} from "./names.ts";
import { type Steps, stepNames } from "./steps.ts";
import type { Tools } from "./tools.ts";

/** What the run tells beyond itself. */
export interface Around {
  /** Id of the session as it was asked for. */
  readonly sessionId: string | undefined;
  readonly steps: Steps;
  readonly tools: Tools;
}

type Named = readonly [name: string, fields?: Json];

export function eventsOf(run: RecordedRun, around: Around): Json[] {
  return new EventList(run, around).all();
}

class EventList {
  readonly #run: RecordedRun;
  readonly #around: Around;
  readonly #kind: RunKind;
  readonly #ownCalls: ReadonlySet<Work>;
  #hasCalledModel = false;

  constructor(run: RecordedRun, around: Around) {
    this.#run = run;
    this.#around = around;
    this.#kind = kindOf(run.opening);
    this.#ownCalls = new Set(ownModelCalls(run.works));
  }

  all(): Json[] {
    const { startUs, told } = this.#run;
    const events = [this.#event(startUs, stageName(this.#kind, "Started"), this.#model())];
    let atUs = startUs;
    for (const one of told) {
      atUs = Math.max(atUs, timeOf(one.event));
      for (const [name, fields] of this.#named(one)) events.push(this.#event(atUs, name, fields));
    }
    for (const [name, fields] of this.#ending()) events.push(this.#event(atUs, name, fields));
    return events;
  }

  #event(us: number, event: string, fields: Json = {}): Json {
    const { row } = this.#run;
    return {
      created_at: wholeSeconds(us),
      event,
      ...ownerOf(this.#run, this.#kind),
      run_id: row.id,
      ...known({
        parent_run_id: this.#kind === "workflow" ? undefined : (row.parent_run_id ?? undefined),
        session_id: this.#around.sessionId,
      }),
      nested_depth: 0,
      ...fields,
    };
  }

  #model(): Json {
    const [first] = this.#ownCalls;
    return first === undefined ? {} : modelOf(payloadOf(first));
  }

  #ending(): Named[] {
    const { row, error, ending } = this.#run;
    if (row.status === "running") return [];
    const content = contentOf(this.#run);
    const isCancelled = row.status === "cancelled" || ending.run_status === "cancelled";
    if (isCancelled) return [[stageName(this.#kind, "Cancelled"), { reason: error?.message ?? "" }]];
    if (row.status === "completed")
      return [[stageName(this.#kind, "Completed"), known({ content, content_type: "str" })]];
    const told = { content: error?.message, error_type: error?.type };
    return [
      [
        stageName(this.#kind, "Error"),
        known(this.#kind === "workflow" ? { ...told, error: told.content } : told),
      ],
    ];
  }

  #named(told: Told): readonly Named[] {
    const { event, work, isFirst } = told;
    if (work === undefined) return this.#single(event);
    const isEnd = event === work.end;
    switch (work.kind) {
      case "model":
        return this.#ownCalls.has(work) ? this.#modelCall(work, isFirst, isEnd) : [];
      case "step":
        return this.#step(work, isFirst, isEnd);
      case "approval":
        return this.#wait(work, isFirst, isEnd);
      case "tool":
        if (isWait(work)) return this.#wait(work, isFirst, isEnd);
        return isToolCall(work) ? this.#toolCall(work, told) : [this.#custom(event)];
      case "mcp":
        return [this.#custom(event)];
    }
  }

  #modelCall(work: Work, isFirst: boolean, isEnd: boolean): Named[] {
    this.#hasCalledModel = true;
    const model = modelOf(payloadOf(work));
    const named: Named[] = isFirst ? [[this.#work("ModelRequestStarted"), model]] : [];
    const usage = usageOf(payloadOf(work).usage);
    // A request that failed has no event; what it cost has.
    if (isEnd && (!hasFailed(work) || usage !== undefined))
      named.push([this.#work("ModelRequestCompleted"), { ...model, ...tokensOf(usage) }]);
    return named;
  }

  #toolCall(work: Work, { event, isFirst }: Told): Named[] {
    const tool = this.#around.tools.of(work);
    const named: Named[] = [];
    if (isFirst)
      named.push([
        this.#work("ToolCallStarted"),
        { tool: { ...tool, tool_call_error: null, result: null, metrics: null } },
      ]);
    if (event !== work.made) return named;
    named.push([this.#work("ToolCallCompleted"), { tool, content: asText(tool?.result) ?? null }]);
    if (hasFailed(work))
      named.push([this.#work("ToolCallError"), { tool, error: asText(tool?.result) ?? work.name }]);
    return named;
  }

  #step(work: Work, isFirst: boolean, isEnd: boolean): Named[] {
    const { stem, isStep, isHook } = stepNames(work);
    if (isHook) return this.#hook(work.name, isFirst, isEnd);
    const fields = isStep ? this.#around.steps.fields(work) : {};
    // Only what is the run's own is named as the run is.
    const name = (stage: string): string => (isStep ? `${stem}${stage}` : this.#work(`${stem}${stage}`));
    const named: Named[] = isFirst ? [[name("Started"), fields]] : [];
    if (!isEnd) return named;
    const response = isStep && stem === "Step" ? { step_response: this.#around.steps.response(work) } : {};
    const said = stem === "Reasoning" ? saidInStep(work) : undefined;
    const reasoning = said === undefined ? {} : { content: said, content_type: "str" };
    named.push([name("Completed"), { ...fields, ...response, ...reasoning }]);
    return named;
  }

  /** Hooks come before the model is asked, or after it has answered. */
  #hook(name: string, isFirst: boolean, isEnd: boolean, target?: unknown): Named[] {
    const isPre = target === undefined ? !this.#hasCalledModel : target === "input";
    const stem = isPre ? "PreHook" : "PostHook";
    const fields = isPre ? { pre_hook_name: name } : { post_hook_name: name };
    return [
      ...(isFirst ? [[this.#work(`${stem}Started`), fields] as const] : []),
      ...(isEnd ? [[this.#work(`${stem}Completed`), fields] as const] : []),
    ];
  }

  #wait(work: Work, isFirst: boolean, isEnd: boolean): Named[] {
    const tool = this.#around.tools.of(work);
    const named: Named[] = isFirst ? [[stageName(this.#kind, "Paused"), { tools: [tool] }]] : [];
    if (isEnd) named.push([`${this.#kind === "team" ? "TeamRun" : "Run"}Continued`, {}]);
    return named;
  }

  /** Events that are no part of a pair. */
  #single(event: Told["event"]): Named[] {
    const { type, metadata, resource } = factsOf(event);
    const facts: Members = members(metadata);
    const guardrail = textOf(facts.guardrail);
    if (type === "agent.guardrail.evaluated" && guardrail !== undefined && isOfTheRun(facts.target))
      return this.#hook(guardrail, true, true, facts.target);
    // Those are told by the run itself: its error, and its citations.
    if (type === "agent.error" && facts.handled !== true && this.#run.error !== undefined) return [];
    if (type === "agent.resource.touched" && members(resource).type === "source") return [];
    if (String(type).startsWith("agent.handoff.") && this.#isToldByRuns(type, facts)) return [];
    return [this.#custom(event)];
  }

  /** A tool call that names the run it led to, and a run that names its parent, say all of a hand-off. */
  #isToldByRuns(type: unknown, { otel }: Members): boolean {
    if (type !== "agent.handoff.requested") return this.#run.row.parent_run_id !== null;
    return this.#around.tools.hasChild(textOf(members(otel).parent_span_id));
  }

  #custom(event: Told["event"]): Named {
    const { seq: _, received_at: __, replay_us: ___, ...recorded } = event;
    return ["CustomEvent", { apie_event: recorded }];
  }

  #work(name: string): string {
    return workName(this.#kind, name);
  }
}

const isOfTheRun = (target: unknown): boolean => target === "input" || target === "output";
