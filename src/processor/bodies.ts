/** Bodies of the calls that open and complete runs and sessions, without the ids Apie gives. */
import type { CompleteBody, HandoffBody, RunBody, SessionBody } from "../apie-api/index.ts";
import { type Redactor, truncateText, usagePart } from "../events/index.ts";
import type { Activity } from "../model/activity.ts";
import type { RunState, SessionState } from "../tracking/index.ts";
import { isoTime, roundedMs } from "./time.ts";

export interface BodyOptions {
  redactor: Redactor;
  agentKey: string;
  environment: () => string | undefined;
  captureContent: boolean;
  captureSource: string;
}

const MAX_SUMMARY = 500;

type Members = Record<string, unknown>;

/** Leaves out what is not known: the protocol's bodies carry no nulls. */
function known(members: Members): Members {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

/** Text of the last message of the user, of messages in any shape; plain text as it is. */
export function lastUserText(input: unknown): string | undefined {
  const messages = typeof input === "string" ? parsed(input) : input;
  if (typeof messages === "string") return messages;
  const list = Array.isArray(messages)
    ? messages
    : ((messages as Members | undefined)?.messages ?? (messages as Members | undefined)?.prompt);
  if (typeof list === "string") return list;
  if (!Array.isArray(list)) return undefined;
  const message = list.findLast((item: unknown) => (item as Members | null)?.role === "user") as
    | Members
    | undefined;
  const { content, parts } = message ?? {};
  if (typeof content === "string") return content;
  const pieces = [content, parts].flatMap((piece) => (Array.isArray(piece) ? piece : []));
  const texts = pieces.map(
    (piece: unknown) => (piece as Members | null)?.text ?? (piece as Members | null)?.content,
  );
  return texts.filter((text) => typeof text === "string").join("\n") || undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export class Bodies {
  readonly #options: BodyOptions;

  constructor(options: BodyOptions) {
    this.#options = options;
  }

  session(session: SessionState): SessionBody {
    const { details } = session;
    return this.#redacted<SessionBody>({
      kind: session.kind ?? "single_agent",
      orchestrator_agent_key: details.agentKey ?? this.#options.agentKey,
      environment: this.#options.environment(),
      input_summary: summary(details.inputSummary),
      metadata: known({
        ...details.metadata,
        session_id: session.id,
        conversation_id: session.origin === "conversation" ? session.id : undefined,
        parent_run: details.parentRunId,
        started_at: isoTime(details.startMs),
        otel:
          details.traceId === undefined
            ? undefined
            : known({ trace_id: details.traceId, span_id: details.spanId }),
        capture_source: this.#options.captureSource,
      }),
    });
  }

  sessionEnd(session: SessionState): CompleteBody {
    return this.#redacted<CompleteBody>({
      status: session.status ?? "completed",
      output_summary: summary(session.outputSummary),
      metadata: known({
        ...session.metadata,
        ended_at: session.endMs === undefined ? undefined : isoTime(session.endMs),
        capture_source: this.#options.captureSource,
      }),
    });
  }

  run(run: RunState): RunBody {
    const { facts, opening } = run;
    return this.#redacted<RunBody>({
      agent_key: run.agentKey,
      // That of a parent that is a run of ours is bound when the call is made.
      parent_run_id: run.parent?.run === undefined ? run.parent?.apieId : undefined,
      step_key: run.step?.key,
      step_name: run.step?.name ?? run.step?.key,
      step_index: run.step?.index,
      role: facts?.role ?? (run.parent === undefined ? undefined : "worker"),
      environment: this.#options.environment(),
      input_summary: summary(facts?.inputSummary ?? this.#inputText(opening)),
      metadata: known({
        ...opening?.metadata,
        payload_summary: opening?.payloadSummary,
        run_id: run.id,
        session_id: run.session?.id,
        parent_run: run.parent?.id,
        agent_name: run.agentName,
        agent_version: opening?.agent?.version,
        framework: opening?.agent?.framework,
        trigger: facts?.trigger,
        revision_id: facts?.revisionId,
        segment: facts?.segmentIndex,
        attempt: facts?.attempt,
        user_id: this.#options.captureContent ? opening?.userId : undefined,
        implicit: run.origin === "implicit" ? true : undefined,
        started_at: isoTime(run.startMs),
        otel: known({
          trace_id: run.root?.trace.id,
          span_id: run.root?.spanId,
          span_name: run.root?.name,
          scope: run.root?.scopeName === "" ? undefined : run.root?.scopeName,
          convention: run.convention,
        }),
        capture_source: this.#options.captureSource,
      }),
    });
  }

  runEnd(run: RunState): CompleteBody {
    const { closing } = run;
    const facts = closing?.run;
    const usage = usagePart(run.hasUsage ? run.usage : (facts?.usage ?? run.reported?.usage));
    const content = this.#options.captureContent ? closing?.content : undefined;
    return this.#redacted<CompleteBody>({
      status: run.status,
      metadata: known({
        ...closing?.metadata,
        outputSummary: summary(facts?.outputSummary),
        output: content?.output,
        agent_name: run.agentName,
        run_status: facts?.status,
        error_type: run.error?.type,
        closed_by: run.closedBy,
        usage: usage === undefined ? undefined : known(usage),
        llm_calls: run.modelCalls,
        tool_calls: run.toolCalls,
        failures: run.failures,
        sources: facts?.sources,
        cost_usd: facts?.costUsd ?? run.reported?.costUsd,
        started_at: isoTime(run.startMs),
        ended_at: run.endMs === undefined ? undefined : isoTime(run.endMs),
        duration_ms: run.endMs === undefined ? undefined : roundedMs(run.endMs - run.startMs),
        capture_source: this.#options.captureSource,
      }),
    });
  }

  handoff(activity: Activity): HandoffBody {
    const { handoff } = activity;
    return this.#redacted<HandoffBody>({
      reason: summary(handoff?.reason),
      payload_summary: activity.payloadSummary,
      status: "requested",
    });
  }

  /** What the user asked, where content is captured. */
  #inputText(activity: Activity | undefined): string | undefined {
    return this.#options.captureContent ? lastUserText(activity?.content?.input) : undefined;
  }

  #redacted<Body extends object>(body: Body): Body {
    const redacted: Members = {};
    for (const [key, value] of Object.entries(body)) {
      if (value !== undefined) redacted[key] = this.#options.redactor.value(value, key);
    }
    return redacted as Body;
  }
}

function summary(text: string | undefined): string | undefined {
  return text === undefined ? undefined : truncateText(text, MAX_SUMMARY);
}
