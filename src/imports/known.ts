/** What an earlier import has left at Apie, and what this one does. */
import type { RunProgress, Scope } from "../model/scope.ts";
import type { ApieIds } from "../processor/index.ts";
import {
  ATTR_AGENT_APPROVAL_STATUS,
  ATTR_AGENT_KEY,
  ATTR_AGENT_NAME,
  ATTR_AGENT_OPERATION_NAME,
  ATTR_AGENT_OPERATION_STAGE,
  ATTR_AGENT_RUN_ID,
  ATTR_AGENT_RUN_PARENT_ID,
  ATTR_AGENT_RUN_STATUS,
  ATTR_AGENT_SESSION_ID,
  ATTR_AGENT_SESSION_KIND,
} from "../semconv/index.ts";
import type { Group } from "./groups.ts";
import type { KeptItems } from "./kept.ts";
import type { ImportedSpan } from "./span.ts";

export interface KnownItem {
  /** Apie's id; absent where the import went to no Apie. */
  apieId?: string | undefined;
  /** Of the spans it was imported as; absent where not all of them arrived. */
  digest?: string | undefined;
  /** An exporter has it as well. */
  exported?: boolean | undefined;
  /** How it stood. */
  status?: string | undefined;
  /** Of a run that goes on, or that is followed: ids of the spans below its root that have arrived, and of the root when the run was over. */
  told?: readonly string[] | undefined;
  /** Those of them that were waiting for somebody. */
  waiting?: readonly string[] | undefined;
  /** Of a run: how far its numbers had come. */
  progress?: RunProgress | undefined;
}

/** Plain JSON, to be kept between imports. Runs and sessions by their ids in the source. */
export interface KnownIds {
  readonly runs: Readonly<Record<string, KnownItem>>;
  readonly sessions: Readonly<Record<string, KnownItem>>;
}

export type Kind = keyof KnownIds;

const OVER: ReadonlySet<string | undefined> = new Set(["completed", "failed", "cancelled"]);
const FROM_THE_BEGINNING: RunProgress = {
  sequence: 0,
  modelCalls: 0,
  toolCalls: 0,
  failures: 0,
  usage: undefined,
};

const said = (span: ImportedSpan, key: string): string | undefined => {
  const value = span.attributes[key];
  return typeof value === "string" ? value : undefined;
};

export const isRun = (root: ImportedSpan): boolean => said(root, ATTR_AGENT_OPERATION_NAME) === "run";
/** A run that will not be heard of again, but for what is said of it afterwards. */
export const isOver = (root: ImportedSpan): boolean => OVER.has(said(root, ATTR_AGENT_RUN_STATUS));

const kindOf = (root: ImportedSpan): Kind => (isRun(root) ? "runs" : "sessions");

export const idOf = (root: ImportedSpan): string =>
  said(root, isRun(root) ? ATTR_AGENT_RUN_ID : ATTR_AGENT_SESSION_ID) ?? "";

const isBeginning = (root: ImportedSpan): boolean =>
  said(root, ATTR_AGENT_OPERATION_NAME) === "session_start";

const spanIdOf = (span: ImportedSpan): string => span.spanContext().spanId;

/** What somebody was asked for and has not given: of it there is more to tell. */
const isWaiting = (span: ImportedSpan): boolean =>
  said(span, ATTR_AGENT_APPROVAL_STATUS) === "pending" ||
  said(span, ATTR_AGENT_OPERATION_STAGE) === "requested";

/** Its beginning was told when it began to wait. */
function settled(span: ImportedSpan): ImportedSpan {
  const isApproval = said(span, ATTR_AGENT_APPROVAL_STATUS) !== undefined;
  const stage = isApproval ? "resolved" : span.status.code === 2 ? "failed" : "completed";
  return { ...span, attributes: { ...span.attributes, [ATTR_AGENT_OPERATION_STAGE]: stage } };
}

/** Spans of a run, by whether that is all there is to tell of them. */
type Told = ReadonlyMap<string, "done" | "waiting">;

/** What of a group was not told before. */
export interface News {
  /** The root first, which says how the run stands. */
  readonly toApie: readonly ImportedSpan[];
  /** What has not been exported before. */
  readonly toExport: readonly ImportedSpan[];
}

/** Which destinations have all of a group as it is. */
export interface Arrived {
  readonly atApie: boolean;
  readonly exported: boolean;
}

export interface KnownOptions {
  /** Of an earlier import. */
  readonly known: KnownIds | undefined;
  /** Of this process. */
  readonly ids: ApieIds | undefined;
  /** Beside the queue on disk. */
  readonly kept: KeptItems | undefined;
  /** Runs are told several times: what was told of them is remembered beyond their end. */
  readonly isFollowing: boolean;
}

export class Known {
  readonly #items: Record<Kind, Map<string, KnownItem>>;
  readonly #ids: ApieIds | undefined;
  readonly #kept: KeptItems | undefined;
  readonly #isFollowing: boolean;
  readonly #goesOn: boolean;
  /** What was sent of runs by this import, whether it has arrived or not. */
  readonly #sent = new Map<string, { readonly told: Told; readonly status: string | undefined }>();
  /** Sessions whose beginning this import has sent. */
  readonly #begun = new Set<string>();

  constructor({ known, ids, kept, isFollowing }: KnownOptions) {
    this.#items = {
      runs: new Map(Object.entries(known?.runs ?? {})),
      sessions: new Map(Object.entries(known?.sessions ?? {})),
    };
    this.#ids = ids;
    this.#kept = kept;
    this.#isFollowing = isFollowing;
    this.#goesOn = known === undefined;
  }

  arrived(root: ImportedSpan, digest: string): Arrived {
    const item = this.#itemOf(root);
    // Both ends of a session are spans of one item: only its beginning is compared.
    const isEnd = said(root, ATTR_AGENT_OPERATION_NAME) === "session_end";
    const isAsItWas = isEnd ? item?.status === "completed" : item?.digest === digest;
    if (isAsItWas && item !== undefined) this.#items[kindOf(root)].set(idOf(root), this.#remembered(item));
    return {
      atApie: isAsItWas && item?.apieId !== undefined,
      exported: isAsItWas && item?.exported === true,
    };
  }

  /** Whether this import has sent something of the run, or session end, before. */
  wasSent(root: ImportedSpan): boolean {
    return this.#sent.has(idOf(root));
  }

  /** @returns `undefined` where only the document has changed, and nothing that is told. */
  newsOf({ spans }: Group, isForApie: boolean, isToExport: boolean): News | undefined {
    const [root] = spans;
    if (root === undefined) return undefined;
    if (isBeginning(root)) return this.#newsOfBeginning(root, isForApie, isToExport);
    if (!isRun(root)) return { toApie: spans, toExport: spans };
    const told = this.#toldOf(root, isForApie);
    if (told === undefined) return { toApie: spans, toExport: spans };
    const below = spans.slice(1).filter((span) => isNews(span, told));
    const hasNewStatus = this.#statusOf(root) !== said(root, ATTR_AGENT_RUN_STATUS);
    if (below.length === 0 && !hasNewStatus && !isOver(root)) return undefined;
    return {
      toApie: [root, ...below.map((span) => (told.has(spanIdOf(span)) ? settled(span) : span))],
      toExport: told.has(spanIdOf(root)) ? below : [root, ...below],
    };
  }

  /** All of the group is on its way. */
  sent({ spans }: Group): void {
    const [root] = spans;
    if (root === undefined) return;
    if (isBeginning(root)) this.#begun.add(idOf(root));
    if (!isRun(root)) return;
    const told = new Map<string, "done" | "waiting">();
    for (const span of spans) told.set(spanIdOf(span), isWaiting(span) ? "waiting" : "done");
    if (!isOver(root)) told.delete(spanIdOf(root));
    this.#sent.set(idOf(root), { told, status: said(root, ATTR_AGENT_RUN_STATUS) });
  }

  /** What the processor is to know of a run, or of a session that ends. */
  scopeOf(root: ImportedSpan, owner: object): Scope {
    const sessionId = said(root, ATTR_AGENT_SESSION_ID);
    const sessionApieId = sessionId === undefined ? undefined : this.#apieIdOf("sessions", sessionId);
    const runApieId = isRun(root) ? this.#apieIdOf("runs", idOf(root)) : undefined;
    const parentId = said(root, ATTR_AGENT_RUN_PARENT_ID);
    const parentApieId = parentId === undefined ? undefined : this.#apieIdOf("runs", parentId);
    const imported = { goesOn: this.#goesOn };
    if (sessionApieId === undefined && runApieId === undefined && parentApieId === undefined)
      return { owner, session: undefined, run: undefined, step: undefined, imported };
    const item = this.#itemOf(root);
    return {
      owner,
      session:
        sessionId === undefined || sessionApieId === undefined
          ? undefined
          : {
              id: sessionId,
              apieId: sessionApieId,
              kind: said(root, ATTR_AGENT_SESSION_KIND),
              spanContext: undefined,
            },
      run: isRun(root)
        ? {
            id: idOf(root),
            apieId: runApieId,
            agentKey: said(root, ATTR_AGENT_KEY) ?? "",
            agentName: said(root, ATTR_AGENT_NAME),
            parentApieId,
            // Told from its beginning its events have the numbers they had; told on, those that follow.
            resumed:
              runApieId === undefined
                ? undefined
                : item?.told === undefined
                  ? FROM_THE_BEGINNING
                  : (item.progress ?? FROM_THE_BEGINNING),
            isComplete: OVER.has(this.#statusOf(root)),
            spanContext: undefined,
          }
        : undefined,
      step: undefined,
      imported,
    };
  }

  /** A run that is over, and goes on after all, can be told only under the id that Apie has given it. */
  mustWait(root: ImportedSpan): boolean {
    return (
      isRun(root) &&
      OVER.has(this.#sent.get(idOf(root))?.status) &&
      this.#apieIdOf("runs", idOf(root)) === undefined &&
      this.#ids !== undefined
    );
  }

  /**
   * It was sent.
   * @param arrived `all` of it, `some`, or what is not known yet: it is `pending`.
   * @param exported whether an exporter has it.
   * @param progress how far the run has come at Apie.
   */
  note(
    root: ImportedSpan,
    digest: string,
    arrived: "all" | "some" | "pending",
    exported: boolean,
    progress: RunProgress | undefined,
  ): void {
    const kind = kindOf(root);
    const id = idOf(root);
    const earlier = this.#item(kind, id);
    const isEnd = said(root, ATTR_AGENT_OPERATION_NAME) === "session_end";
    const status = isRun(root) ? said(root, ATTR_AGENT_RUN_STATUS) : isEnd ? "completed" : earlier?.status;
    const item: KnownItem = known({
      apieId: this.#apieIdOf(kind, id),
      digest: isEnd ? earlier?.digest : arrived === "all" ? digest : undefined,
      exported: exported || undefined,
      status: arrived === "pending" ? earlier?.status : status,
    });
    const told = isRun(root) ? this.#toldNow(id, arrived === "all", progress, earlier) : {};
    this.#items[kind].set(id, this.#remembered({ ...item, ...told }));
    this.#kept?.put(kind, id, { ...item, ...told });
    if (!this.#isFollowing) this.#sent.delete(id);
  }

  /** Of a run that is over and has arrived a line is enough: a document may have any number of them. */
  #remembered(item: KnownItem): KnownItem {
    if (this.#isFollowing || !OVER.has(item.status) || item.digest === undefined) return item;
    const { told: _, waiting: __, progress: ___, ...line } = item;
    return line;
  }

  all(): KnownIds {
    return {
      runs: Object.fromEntries(this.#items.runs),
      sessions: Object.fromEntries(this.#items.sessions),
    };
  }

  /** Without the numbers nothing can be told on: then it is told from its beginning. */
  #toldNow(
    id: string,
    hasArrived: boolean,
    progress: RunProgress | undefined,
    earlier: KnownItem | undefined,
  ): Pick<KnownItem, "told" | "waiting" | "progress"> {
    const now = progress ?? (this.#ids === undefined ? FROM_THE_BEGINNING : undefined);
    if (now === undefined) return {};
    if (!hasArrived)
      return earlier?.told === undefined
        ? {}
        : known({ told: earlier.told, waiting: earlier.waiting, progress: now });
    const sent = [...(this.#sent.get(id)?.told ?? [])];
    const waiting = sent.flatMap(([spanId, state]) => (state === "waiting" ? [spanId] : []));
    return known({
      told: sent.map(([spanId]) => spanId),
      waiting: waiting.length === 0 ? undefined : waiting,
      progress: known(now),
    });
  }

  /** @returns `undefined` when all of it is to be told. */
  #toldOf(root: ImportedSpan, isForApie: boolean): Told | undefined {
    const sent = this.#sent.get(idOf(root));
    if (sent !== undefined) return sent.told;
    const item = this.#itemOf(root);
    if (item?.told === undefined || (isForApie && item.apieId === undefined)) return undefined;
    const waiting = new Set(item.waiting);
    return new Map(item.told.map((spanId) => [spanId, waiting.has(spanId) ? "waiting" : "done"]));
  }

  #apieIdOf(kind: Kind, id: string): string | undefined {
    return this.#ids?.[kind].current(id) ?? this.#item(kind, id)?.apieId;
  }

  /** The beginning of a session is told once, whatever comes to be known of it. */
  #newsOfBeginning(root: ImportedSpan, isForApie: boolean, isToExport: boolean): News | undefined {
    const item = this.#itemOf(root);
    if (this.#begun.has(idOf(root))) return undefined;
    if (item !== undefined) this.#items.sessions.set(idOf(root), item);
    const toApie = isForApie && item?.apieId === undefined ? [root] : [];
    const toExport = isToExport && item?.exported !== true ? [root] : [];
    return toApie.length + toExport.length === 0 ? undefined : { toApie, toExport };
  }

  /** As it was told last. */
  #statusOf(root: ImportedSpan): string | undefined {
    return (this.#sent.get(idOf(root)) ?? this.#itemOf(root))?.status;
  }

  #itemOf(root: ImportedSpan): KnownItem | undefined {
    return this.#item(kindOf(root), idOf(root));
  }

  #item(kind: Kind, id: string): KnownItem | undefined {
    return this.#items[kind].get(id) ?? this.#kept?.get(kind, id);
  }
}

function isNews(span: ImportedSpan, told: Told): boolean {
  const state = told.get(spanIdOf(span));
  return state === undefined || (state === "waiting" && !isWaiting(span));
}

/** Without what is not known: as it is after a round through JSON. */
const known = <Members extends object>(members: Members): Members =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Members;
