/** Bodies of the calls that open and complete runs and sessions, without the ids Apie gives. */
import type { CompleteBody, HandoffBody, RunBody, SessionBody } from "../apie-api/index.ts";
import type { Orphan } from "../delivery/index.ts";
import { type Hook, type Redactor, usagePart } from "../events/index.ts";
import type { Activity } from "../model/activity.ts";
import type { RunState, SessionState } from "../tracking/index.ts";
import { bodyMembers, type Members, type Parts, redactedMembers } from "./body-members.ts";
import { type BodyParts, type MaskedCall, maskedParts } from "./masking.ts";
import { isoTime, roundedMs } from "./time.ts";

export interface BodyOptions {
  redactor: Redactor;
  agentKey: string;
  environment: () => string | undefined;
  captureContent: boolean;
  captureSource: string;
  /** The user's. */
  hook: Hook;
}

/** Text of the last message of the user, of messages in any shape; plain text as it is. */
function lastUserText(input: unknown): string | undefined {
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
    return this.#body<SessionBody>(
      "session.started",
      {
        names: {
          kind: session.kind ?? "single_agent",
          orchestrator_agent_key: details.agentKey ?? this.#options.agentKey,
        },
        told: { environment: this.#options.environment() },
        summaries: { input_summary: details.inputSummary },
      },
      details.metadata,
      {
        ours: {
          imported: session.imported === undefined ? undefined : true,
          parent_run: details.parentRunId,
          started_at: timeOf(details.startMs),
          otel:
            details.traceId === undefined
              ? undefined
              : this.#members({ ours: spanIds(details.traceId, details.spanId) }),
          ...ownSessionId(session),
        },
        told: conversationId(session),
      },
    );
  }

  sessionEnd(session: SessionState): CompleteBody {
    return this.#body<CompleteBody>(
      "session.completed",
      {
        ours: { status: session.status ?? "completed" },
        summaries: { output_summary: session.outputSummary },
      },
      session.metadata,
      { ours: { ended_at: timeOf(session.endMs), closed_by: session.closedBy } },
    );
  }

  run(run: RunState): RunBody {
    const { facts, opening, root, session } = run;
    const scopeName = root?.scopeName;
    return this.#body<RunBody>(
      "run.started",
      {
        ours: {
          // That of a parent that is a run of ours is bound when the call is made.
          parent_run_id: run.parent?.run === undefined ? run.parent?.apieId : undefined,
          step_index: run.step?.index,
        },
        names: {
          agent_key: run.agentKey,
          step_key: run.step?.key,
          role: facts?.role ?? (run.parent === undefined ? undefined : "worker"),
        },
        told: {
          step_name: run.step?.name ?? run.step?.key,
          environment: this.#options.environment(),
        },
        summaries: { input_summary: facts?.inputSummary ?? this.#inputText(opening) },
      },
      opening?.metadata,
      {
        ours: {
          run_id: run.id,
          parent_run: run.parent?.id,
          segment: facts?.segmentIndex,
          attempt: facts?.attempt,
          implicit: run.origin === "implicit" ? true : undefined,
          imported: run.imported === undefined ? undefined : true,
          started_at: timeOf(run.startMs),
          otel: this.#members(
            {
              ours: spanIds(root?.trace.id, root?.spanId),
              names: { convention: run.convention },
              told: { span_name: root?.name, scope: scopeName === "" ? undefined : scopeName },
            },
            "metadata.otel",
          ),
          ...(session === undefined ? {} : ownSessionId(session)),
        },
        told: {
          payload_summary: opening?.payloadSummary,
          agent_name: run.agentName,
          agent_version: opening?.agent?.version,
          framework: opening?.agent?.framework,
          trigger: facts?.trigger,
          revision_id: facts?.revisionId,
          user_id: this.#options.captureContent ? opening?.userId : undefined,
          session_id: session?.origin === "conversation" ? session.id : undefined,
        },
      },
    );
  }

  runEnd(run: RunState): CompleteBody {
    const { closing } = run;
    const facts = closing?.run;
    const usage = usagePart(run.hasUsage ? run.usage : (facts?.usage ?? run.reported?.usage));
    const content = this.#options.captureContent ? closing?.content : undefined;
    const { startMs, endMs } = run;
    return this.#body<CompleteBody>("run.completed", { ours: { status: run.status } }, closing?.metadata, {
      ours: {
        closed_by: run.closedBy,
        usage: usage === undefined ? undefined : this.#members({ ours: usage }),
        llm_calls: run.modelCalls,
        tool_calls: run.toolCalls,
        failures: run.failures,
        cost_usd: facts?.costUsd ?? run.reported?.costUsd,
        started_at: timeOf(startMs),
        ended_at: timeOf(endMs),
        duration_ms: endMs === undefined ? undefined : roundedMs(endMs - startMs),
      },
      names: { run_status: facts?.status },
      told: {
        output: content?.output,
        agent_name: run.agentName,
        error_type: run.error?.type,
        sources: facts?.sources,
      },
      summaries: { outputSummary: facts?.outputSummary },
    });
  }

  /** The end of what nobody ended: its process is gone, and how it went is not known. */
  orphanEnd({ status, openedAt, seenAt }: Orphan): CompleteBody {
    return this.#body<CompleteBody>("run.completed", { ours: { status } }, undefined, {
      ours: {
        closed_by: "process_ended",
        started_at: isoTime(openedAt),
        ended_at: isoTime(seenAt),
        duration_ms: seenAt - openedAt,
      },
    });
  }

  /** @param isImported then it says which one it is, as it may be told again. */
  handoff(activity: Activity, isImported: boolean): HandoffBody {
    const { handoff, payloadSummary } = activity;
    const payload = isImported ? { ...payloadSummary, handoff_id: handoff?.id } : payloadSummary;
    const { parts } = this.#masked<HandoffBody>("handoff.requested", {
      parts: {
        ours: { status: "requested" },
        told: { payload_summary: payload },
        summaries: { reason: handoff?.reason },
      },
      given: undefined,
      metadata: {},
    });
    return bodyMembers<HandoffBody>(this.#options.redactor, parts);
  }

  /** What the user asked, where content is captured. */
  #inputText(activity: Activity | undefined): string | undefined {
    return this.#options.captureContent ? lastUserText(activity?.content?.input) : undefined;
  }

  /** @param given metadata of the application's; what is known of the run or session itself stands over it. */
  #body<Body extends { metadata?: Members | undefined }>(
    call: MaskedCall,
    parts: Parts<Body>,
    given: Members | undefined,
    metadata: Parts<Members>,
  ): Body {
    const { redactor, captureSource } = this.#options;
    const masked = this.#masked(call, { parts, given, metadata });
    return {
      ...bodyMembers(redactor, masked.parts),
      metadata: {
        ...(masked.given === undefined ? undefined : redactedMembers(redactor, masked.given, "metadata")),
        ...this.#members(masked.metadata),
        capture_source: captureSource,
      },
    };
  }

  #masked<Body extends object>(call: MaskedCall, parts: BodyParts<Body>): BodyParts<Body> {
    return maskedParts(call, this.#options.agentKey, parts, this.#options.hook);
  }

  #members(parts: Parts<Members>, within = "metadata"): Members {
    return bodyMembers(this.#options.redactor, parts, within);
  }
}

/** Of a span made by hand they may be anything. */
function spanIds(traceId: string | undefined, spanId: string | undefined): Members {
  const isId = (id: string | undefined): boolean => id !== undefined && /^[0-9a-f]+$/.test(id);
  return { trace_id: isId(traceId) ? traceId : undefined, span_id: isId(spanId) ? spanId : undefined };
}

/** Id of a session of ours; a conversation's is the application's own text. */
const ownSessionId = ({ id, origin }: SessionState): Members =>
  origin === "conversation" ? {} : { session_id: id };

const conversationId = ({ id, origin }: SessionState): Members =>
  origin === "conversation" ? { session_id: id, conversation_id: id } : {};

const timeOf = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : isoTime(ms));
