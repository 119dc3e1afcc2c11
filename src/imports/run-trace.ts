/** The trace of one imported run while it is put together: its root span, the spans below, their order and their records. */
import { nameUuid } from "../events/index.ts";
import type { LinkLike, ResourceLike, SpanContextLike } from "../model/span.ts";
import {
  type AgentOperationName,
  ATTR_AGENT_FRAMEWORK_NAME,
  ATTR_AGENT_KEY,
  ATTR_AGENT_NAME,
  ATTR_AGENT_OPERATION_NAME,
  ATTR_AGENT_RUN_ID,
  ATTR_AGENT_SESSION_ID,
  ATTR_AGENT_SOURCE_RECORD,
  ATTR_AGENT_SOURCE_SYSTEM,
  ATTR_GEN_AI_AGENT_NAME,
  ATTR_GEN_AI_CONVERSATION_ID,
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_SESSION_ID,
} from "../semconv/index.ts";
import { runContext, spanIdOf } from "./ids.ts";
import { type Part, recordOf } from "./record.ts";
import { type Attributes, type ImportedSpan, makeSpan, type SpanFailure } from "./span.ts";
import { type Instant, Timeline } from "./timeline.ts";

export interface RunIdentity {
  /** `agno`, `ag.dev`. */
  system: string;
  runId: string;
  agentKey: string;
  agentName: string | undefined;
  sessionId: string | undefined;
  resource: ResourceLike;
}

/** A span that is not finished yet. */
export interface Draft {
  readonly key: string;
  readonly name: string;
  readonly kind: number | undefined;
  parent: Draft | undefined;
  readonly start: Instant;
  end: Instant | undefined;
  attributes: Attributes;
  links: LinkLike[];
  failure: SpanFailure | undefined;
  record: Part[];
  readonly mayStayOpen: boolean;
}

export interface Opening {
  /** What the span is within its run; a second one of the same key is told from the first by a number. */
  key: string;
  operation: AgentOperationName;
  name: string;
  kind?: number | undefined;
  parent?: Draft | undefined;
  at: Instant;
  attributes?: Attributes | undefined;
  links?: LinkLike[] | undefined;
  /** Waiting for somebody outside is no work: it lasts as long as the run that waits. */
  mayStayOpen?: boolean | undefined;
}

export interface RootSpan {
  startUs: number;
  /** The last thing known to have happened counts, if that is later. */
  endUs: number | undefined;
  attributes: Attributes;
  links: readonly LinkLike[];
  failure: SpanFailure | undefined;
}

export class RunTrace {
  readonly timeline = new Timeline();
  /** Of the root span. */
  readonly record: Part[] = [];
  readonly #identity: RunIdentity;
  readonly #common: Attributes;
  readonly #drafts: Draft[] = [];
  readonly #keys = new Map<string, number>();

  constructor(identity: RunIdentity) {
    this.#identity = identity;
    this.#common = identityAttributes(identity);
  }

  get drafts(): readonly Draft[] {
    return this.#drafts;
  }

  open(opening: Opening): Draft {
    const times = this.#keys.get(opening.key) ?? 0;
    this.#keys.set(opening.key, times + 1);
    const draft: Draft = {
      key: times === 0 ? opening.key : `${opening.key}#${times}`,
      name: opening.name,
      kind: opening.kind,
      parent: opening.parent,
      start: opening.at,
      end: undefined,
      attributes: { [ATTR_AGENT_OPERATION_NAME]: opening.operation, ...opening.attributes },
      links: opening.links ?? [],
      failure: undefined,
      record: [],
      mayStayOpen: opening.mayStayOpen === true,
    };
    this.#drafts.push(draft);
    return draft;
  }

  /** A span with no length. */
  instant(opening: Opening): Draft {
    const draft = this.open(opening);
    draft.end = opening.at;
    return draft;
  }

  /**
   * Work that has begun and that nobody saw end. A run that goes on will tell of it when it has ended: until then it is kept on
   * the root span only. In a run that is over it failed.
   */
  settleOpen(goesOn: boolean, failure: SpanFailure | undefined): void {
    for (const draft of this.#drafts.filter(({ end, mayStayOpen }) => end === undefined && !mayStayOpen)) {
      if (!goesOn) {
        draft.failure ??= failure ?? { type: "unfinished" };
        continue;
      }
      this.#drafts.splice(this.#drafts.indexOf(draft), 1);
      this.record.push(...draft.record);
      for (const below of this.#drafts) if (below.parent === draft) below.parent = draft.parent;
    }
  }

  contextOf(draft: Draft | undefined): SpanContextLike {
    const { system, runId } = this.#identity;
    return runContext(system, runId, draft?.key);
  }

  /** An id made of the run's and a text, the same at every import. */
  idOf(text: string): string {
    const { system, runId } = this.#identity;
    return nameUuid(`${system}|${runId}|${text}`);
  }

  /** The finished spans, the root first. What is still open ends with the run. */
  *spans(root: RootSpan): Generator<ImportedSpan> {
    const { system, runId, resource, agentName, agentKey } = this.#identity;
    this.timeline.settle(root.startUs);
    const bounds = this.#bounds(root);
    const context = runContext(system, runId);
    yield makeSpan({
      context,
      name: `invoke_agent ${agentName ?? agentKey}`,
      ...bounds,
      attributes: {
        [ATTR_AGENT_OPERATION_NAME]: "run",
        [ATTR_GEN_AI_OPERATION_NAME]: "invoke_agent",
        [ATTR_AGENT_FRAMEWORK_NAME]: system,
        ...this.#common,
        ...root.attributes,
        [ATTR_AGENT_SOURCE_RECORD]: recordOf(this.record),
      },
      links: root.links,
      failure: root.failure,
      resource,
    });
    for (const draft of this.#drafts) {
      const { traceId, traceFlags } = context;
      yield makeSpan({
        context: { traceId, spanId: spanIdOf(system, runId, draft.key), traceFlags },
        parent: this.contextOf(draft.parent),
        name: draft.name,
        kind: draft.kind,
        startUs: draft.start.us,
        endUs: draft.end?.us ?? bounds.endUs,
        attributes: {
          ...this.#common,
          ...draft.attributes,
          [ATTR_AGENT_SOURCE_RECORD]: recordOf(draft.record),
        },
        links: draft.links,
        failure: draft.failure,
        resource,
      });
    }
  }

  /** A run is as long as what happened in it. */
  #bounds(root: RootSpan): { startUs: number; endUs: number } {
    let { startUs } = root;
    let endUs = root.endUs ?? startUs;
    for (const { start, end } of this.#drafts) {
      startUs = Math.min(startUs, start.us);
      endUs = Math.max(endUs, start.us, end?.us ?? start.us);
    }
    return { startUs, endUs: Math.max(endUs, this.timeline.last?.us ?? endUs) };
  }
}

/** Who the span is about. */
export function identityAttributes(
  identity: Omit<RunIdentity, "resource" | "runId"> & { runId?: string },
): Attributes {
  const { system, runId, agentKey, agentName, sessionId } = identity;
  return {
    [ATTR_AGENT_SOURCE_SYSTEM]: system,
    [ATTR_AGENT_KEY]: agentKey,
    [ATTR_AGENT_NAME]: agentName,
    [ATTR_GEN_AI_AGENT_NAME]: agentName,
    [ATTR_AGENT_RUN_ID]: runId,
    [ATTR_AGENT_SESSION_ID]: sessionId,
    [ATTR_GEN_AI_CONVERSATION_ID]: sessionId,
    [ATTR_SESSION_ID]: sessionId,
  };
}
