/** Starts the spans of our convention: identity, links, the scope around them, and what is said when nobody records them. */
import {
  type Context,
  context,
  INVALID_SPAN_CONTEXT,
  isSpanContextValid,
  type Link,
  type Span,
  type SpanContext,
  SpanKind,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { PACKAGE_NAME, VERSION } from "../config/index.ts";
import {
  apiMismatch,
  CONTEXT_MISSING,
  CONTEXT_REMEDY,
  hasContextManager,
  otelApiState,
  UNSEEN,
  type Unseen,
} from "../diagnostics/index.ts";
import { told } from "../events/index.ts";
import { ApieError } from "../model/errors.ts";
import type { RunScope, Scope, SessionScope } from "../model/scope.ts";
import type { SpanContextLike } from "../model/span.ts";
import { activeScope, SCOPE_CONTEXT_KEY } from "../propagation/index.ts";
import {
  type AgentLinkType,
  type AgentOperationName,
  ATTR_AGENT_ID,
  ATTR_AGENT_KEY,
  ATTR_AGENT_LINK_TYPE,
  ATTR_AGENT_METADATA,
  ATTR_AGENT_NAME,
  ATTR_AGENT_OPERATION_NAME,
  ATTR_AGENT_PAYLOAD_SUMMARY,
  ATTR_AGENT_RUN_ID,
  ATTR_AGENT_SESSION_ID,
  ATTR_GEN_AI_AGENT_NAME,
  ATTR_GEN_AI_CONVERSATION_ID,
  ATTR_SESSION_ID,
  SCHEMA_URL,
} from "../semconv/index.ts";
import { type AttributeInput, AttributeText, given } from "./attributes.ts";
import type { Given } from "./given.ts";
import type { InstrumentHost, NotRecorded } from "./host.ts";
import type { CommonInput } from "./inputs.ts";
import { Work } from "./work.ts";

/** An agent by its own key and name; the name is not always known. */
export interface AgentIdentity {
  key: string;
  name: string | undefined;
}

export interface SpanPlan {
  operation: AgentOperationName;
  /** Made of texts that are redacted already. */
  name: string;
  kind?: SpanKind | undefined;
  scope: Scope;
  attributes: AttributeInput;
  links?: readonly Link[] | undefined;
  /** A trace of its own. */
  root?: boolean | undefined;
  /** Where the span hangs when it is no root. Default: the active context. */
  parent?: Context | undefined;
  /** Agent of the span where it is not the scope's run's. */
  agent?: AgentIdentity | undefined;
}

/** What Apie never hears of where one of these is not recorded. */
const UNHEARD: Readonly<Partial<Record<AgentOperationName, Pick<NotRecorded, "what" | "type">>>> = {
  run: { what: "run", type: "open" },
  session: { what: "session", type: "open" },
  session_start: { what: "session", type: "open" },
  session_end: { what: "session", type: "complete" },
};

export class SpanWriter {
  readonly host: InstrumentHost;
  readonly text: AttributeText;
  readonly #complained = new Set<string>();
  #hasLookedAtContext = false;

  constructor(host: InstrumentHost) {
    this.host = host;
    this.text = new AttributeText(host.redactor, (field, problem) => this.complain(field, problem));
  }

  /** Starts a span whose work runs in `inner`, by default the scope the span itself is in. */
  start(plan: SpanPlan, inner: Scope = plan.scope): Work {
    const base = this.#base(plan);
    const before = this.host.spansSeen();
    const span = this.#startSpan(plan, base);
    const isSeen = this.host.spansSeen() !== before;
    if (!isSeen) this.#unseen(plan, span);
    else if (!this.#hasLookedAtContext) this.#lookAtContext();
    return new Work({ span, scope: inner, around: activeScope(), base, isSeen }, this.host);
  }

  /** A span without length: something that is told, not waited for. */
  instant(plan: SpanPlan, finish?: (work: Work) => void): SpanContext {
    const work = this.start(plan);
    finish?.(work);
    work.end();
    return work.span.spanContext();
  }

  /** What every work may say of itself, and the step it is in. */
  common(input: Given<CommonInput>, scope: Scope | undefined): AttributeInput {
    return {
      ...this.text.step(input, scope?.step),
      [ATTR_AGENT_METADATA]: this.text.json(input.metadata, "metadata"),
      [ATTR_AGENT_PAYLOAD_SUMMARY]: this.text.json(input.payloadSummary, "payload_summary"),
    };
  }

  /** Content, where it is captured. */
  content(value: unknown, path: string): string | undefined {
    return this.host.captureContent ? this.text.content(value, path) : undefined;
  }

  link(target: SpanContextLike | undefined, type: AgentLinkType): Link[] {
    if (target === undefined || !isSpanContextValid(target as SpanContext)) return [];
    return [{ context: target as SpanContext, attributes: { [ATTR_AGENT_LINK_TYPE]: type } }];
  }

  /** Bad input is told once per field; it never stops the work it is about. */
  complain(field: string, problem: string): void {
    if (this.#complained.has(field)) return;
    this.#complained.add(field);
    this.host.reporter.problem(new ApieError("invalid_argument", `${field}: ${problem}`));
  }

  /** Where a span of this scope hangs: in the active trace if that is the run's, else right below the run. */
  #base(plan: SpanPlan): Context {
    const active = context.active();
    // A root is made one by the tracer; the application's own values and baggage go on.
    if (plan.root === true) return active;
    if (plan.parent !== undefined) return plan.parent;
    const run = plan.scope.run?.spanContext;
    const activeSpan = trace.getSpanContext(active);
    if (run === undefined || activeSpan?.traceId === run.traceId) return active;
    const isActiveRun = activeScope()?.run?.id === plan.scope.run?.id;
    // Without a context manager nothing is active although we are inside the run.
    if (isActiveRun && activeSpan !== undefined) return active;
    return trace.setSpanContext(active, run as SpanContext);
  }

  #startSpan(plan: SpanPlan, base: Context): Span {
    const { scope } = plan;
    try {
      return this.#tracer().startSpan(
        plan.name,
        {
          kind: plan.kind ?? SpanKind.INTERNAL,
          root: plan.root ?? false,
          attributes: given({ ...this.#identity(plan, scope.run, scope.session), ...plan.attributes }),
          ...(plan.links === undefined ? {} : { links: [...plan.links] }),
        },
        withScopeValue(base, scope),
      );
    } catch (error) {
      this.host.reporter.once(
        "span_failed",
        () => `a span could not be started: ${told(error, plan.attributes, this.host.redactor)}`,
      );
      return trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
    }
  }

  #identity(plan: SpanPlan, run: RunScope | undefined, session: SessionScope | undefined): AttributeInput {
    const { host, text } = this;
    const agent = plan.agent ?? (run === undefined ? host.agent : { key: run.agentKey, name: run.agentName });
    const name = text.text(agent.name);
    return {
      [ATTR_AGENT_OPERATION_NAME]: plan.operation,
      [ATTR_AGENT_KEY]: agent.key,
      [ATTR_AGENT_NAME]: name,
      [ATTR_GEN_AI_AGENT_NAME]: name,
      [ATTR_AGENT_ID]: agent.key === host.agent.key ? host.agentId() : undefined,
      [ATTR_AGENT_RUN_ID]: run?.id,
      [ATTR_AGENT_SESSION_ID]: session?.id,
      [ATTR_GEN_AI_CONVERSATION_ID]: session?.id,
      [ATTR_SESSION_ID]: session?.id,
    };
  }

  /** Looked up at each span: a provider may be registered after us, or replaced. */
  #tracer(): Tracer {
    const provider = (this.host.tracerProvider ?? trace.getTracerProvider()) as {
      getTracer(name: string, version?: string, options?: { schemaUrl?: string }): Tracer;
    };
    return provider.getTracer(PACKAGE_NAME, VERSION, { schemaUrl: SCHEMA_URL });
  }

  /** Our own work finds its way without a context manager; that of other libraries does not, and nobody would know why. */
  #lookAtContext(): void {
    this.#hasLookedAtContext = true;
    if (!hasContextManager())
      this.host.reporter.once("context_missing", `${CONTEXT_MISSING}; ${CONTEXT_REMEDY}`);
  }

  /** Says once why nothing would be seen, and has the runs and sessions counted that Apie will never hear of. */
  #unseen({ operation, scope }: SpanPlan, span: Span): void {
    const { host } = this;
    const [reason, message] = this.#whyUnseen(span);
    host.reporter.once(reason, message);
    const unheard = UNHEARD[operation];
    // What is recorded may well be taken by another processor of ours.
    if (unheard === undefined || reason === "processor_missing") return;
    host.notRecorded({ ...unheard, reason, runId: scope.run?.id, sessionId: scope.session?.id });
  }

  #whyUnseen(span: Span): [reason: string, message: string] {
    const because = (reason: Unseen): [string, string] => [reason, UNSEEN[reason]];
    if (span.isRecording()) return because("processor_missing");
    if (this.host.tracerProvider === undefined) {
      const state = otelApiState();
      const mismatch = apiMismatch(state);
      if (mismatch !== undefined) return ["api_mismatch", mismatch];
      if (state.provider === "none") return because("provider_missing");
    }
    return because(isSpanContextValid(span.spanContext()) ? "not_sampled" : "suppressed");
  }
}

/** The span's own scope, for the processor: what is active around it may be another. */
function withScopeValue(base: Context, scope: Scope): Context {
  return base.setValue(SCOPE_CONTEXT_KEY, scope);
}
