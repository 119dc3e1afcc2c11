/** What an earlier import has left at Apie, and what this one does. */
import type { Scope } from "../model/scope.ts";
import type { ApieIds } from "../processor/index.ts";
import {
  ATTR_AGENT_KEY,
  ATTR_AGENT_NAME,
  ATTR_AGENT_OPERATION_NAME,
  ATTR_AGENT_RUN_ID,
  ATTR_AGENT_RUN_STATUS,
  ATTR_AGENT_SESSION_ID,
  ATTR_AGENT_SESSION_KIND,
} from "../semconv/index.ts";
import type { ImportedSpan } from "./span.ts";

interface KnownItem {
  /** Apie's id; absent where the import went to no Apie. */
  apieId?: string | undefined;
  /** Of the spans it was imported as; absent where not all of them arrived. */
  digest?: string | undefined;
  /** How it stood. */
  status?: string | undefined;
}

/** Plain JSON, to be kept between imports. Runs and sessions by their ids in the source. */
export interface KnownIds {
  readonly runs: Readonly<Record<string, KnownItem>>;
  readonly sessions: Readonly<Record<string, KnownItem>>;
}

type Kind = keyof KnownIds;

const OVER: ReadonlySet<string | undefined> = new Set(["completed", "failed", "cancelled"]);

const said = (span: ImportedSpan, key: string): string | undefined => {
  const value = span.attributes[key];
  return typeof value === "string" ? value : undefined;
};

const kindOf = (root: ImportedSpan): Kind =>
  said(root, ATTR_AGENT_OPERATION_NAME) === "run" ? "runs" : "sessions";

const idOf = (root: ImportedSpan): string =>
  said(root, kindOf(root) === "runs" ? ATTR_AGENT_RUN_ID : ATTR_AGENT_SESSION_ID) ?? "";

export class Known {
  readonly #items: Record<Kind, Map<string, KnownItem>>;
  readonly #ids: ApieIds | undefined;

  constructor(known: KnownIds | undefined, ids: ApieIds | undefined) {
    this.#items = {
      runs: new Map(Object.entries(known?.runs ?? {})),
      sessions: new Map(Object.entries(known?.sessions ?? {})),
    };
    this.#ids = ids;
  }

  isUnchanged(root: ImportedSpan, digest: string, isForApie: boolean): boolean {
    const item = this.#itemOf(root);
    // Both ends of a session are spans of one item: only its beginning is compared.
    if (said(root, ATTR_AGENT_OPERATION_NAME) === "session_end") return item?.status === "completed";
    return item?.digest === digest && (!isForApie || item.apieId !== undefined);
  }

  /** A session that Apie has is not begun there again. */
  isToBeTold(root: ImportedSpan): boolean {
    const isBeginning = said(root, ATTR_AGENT_OPERATION_NAME) === "session_start";
    return !isBeginning || this.#itemOf(root)?.apieId === undefined;
  }

  /** What the processor is to know of a run, or of a session that ends. */
  scopeOf(root: ImportedSpan, owner: object): Scope | undefined {
    const sessionId = said(root, ATTR_AGENT_SESSION_ID);
    const session = sessionId === undefined ? undefined : this.#items.sessions.get(sessionId);
    const run = kindOf(root) === "runs" ? this.#itemOf(root) : undefined;
    if (session?.apieId === undefined && run?.apieId === undefined) return undefined;
    return {
      owner,
      session:
        sessionId === undefined || session?.apieId === undefined
          ? undefined
          : {
              id: sessionId,
              apieId: session.apieId,
              kind: said(root, ATTR_AGENT_SESSION_KIND),
              spanContext: undefined,
            },
      run:
        run?.apieId === undefined
          ? undefined
          : {
              id: idOf(root),
              apieId: run.apieId,
              agentKey: said(root, ATTR_AGENT_KEY) ?? "",
              agentName: said(root, ATTR_AGENT_NAME),
              // It is told from its beginning: its events have the numbers they had.
              resumed: { sequence: 0, modelCalls: 0, toolCalls: 0, failures: 0, usage: undefined },
              isComplete: OVER.has(run.status),
              spanContext: undefined,
            },
      step: undefined,
    };
  }

  /** It was sent. @param digest absent when not all of it arrived. */
  note(root: ImportedSpan | undefined, digest: string | undefined): void {
    if (root === undefined) return;
    const kind = kindOf(root);
    const id = idOf(root);
    const earlier = this.#items[kind].get(id);
    const apieId = this.#ids?.[kind].current(id) ?? earlier?.apieId;
    const isEnd = said(root, ATTR_AGENT_OPERATION_NAME) === "session_end";
    const status =
      kind === "runs" ? said(root, ATTR_AGENT_RUN_STATUS) : isEnd ? "completed" : earlier?.status;
    this.#items[kind].set(id, known({ apieId, digest: isEnd ? earlier?.digest : digest, status }));
  }

  all(): KnownIds {
    return {
      runs: Object.fromEntries(this.#items.runs),
      sessions: Object.fromEntries(this.#items.sessions),
    };
  }

  #itemOf(root: ImportedSpan): KnownItem | undefined {
    return this.#items[kindOf(root)].get(idOf(root));
  }
}

/** Without what is not known: as it is after a round through JSON. */
const known = (item: KnownItem): KnownItem =>
  Object.fromEntries(Object.entries(item).filter(([, value]) => value !== undefined));
