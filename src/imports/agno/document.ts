/**
 * What is in a document of Agno: which runs, where each stands, which events are whose. Only places are kept, never copies: a
 * document of a thousand runs costs a few words for each.
 */
import { type ImportIssue, issuesOf, MAX_ISSUES } from "../errors.ts";
import { type Json, list, object, objects, text } from "../json.ts";
import { nestingIssues } from "../nesting.ts";
import { eventSchema, hasTime, RUN_LISTS, runIssues, WORKFLOW_AGENT } from "./schema.ts";

export interface PlacedEvent {
  readonly event: Json;
  readonly pointer: string;
}

/** One place a run stands at. */
interface Occurrence {
  readonly run: Json;
  readonly pointer: string;
  /** Its own JSON is borne by its own spans; otherwise by those of what it stands in, such as an event. */
  readonly isPlaced: boolean;
  readonly parentId: string | undefined;
}

export interface FoundRun {
  readonly id: string;
  /** The fullest of its occurrences; `undefined` when only its events are known. */
  main: Occurrence | undefined;
  /** The others. */
  readonly copies: Occurrence[];
  /** The run whose list its events are taken from; `STREAM` for those of a stream. */
  eventsOf: string | undefined;
  /** Which of that list are its own. */
  places: number[];
  parentId: string | undefined;
  /** Runs of the document that it started. */
  readonly children: FoundRun[];
}

const STREAM = "";

export interface AgnoDocument {
  readonly shape: "runs" | "events";
  readonly document: unknown;
  readonly runs: ReadonlyMap<string, FoundRun>;
  /** Runs that no other of the document started. */
  readonly tops: readonly FoundRun[];
}

/** Events are recognised by their name, which no run has; how the run stands is said by both. */
const isStream = (document: unknown): document is readonly unknown[] =>
  Array.isArray(document) &&
  document.length > 0 &&
  document.every((member) => typeof object(member)?.event === "string");

/** Everything that is wrong with a document, before anything is made of it. */
export function documentIssues(document: unknown): ImportIssue[] {
  const nesting = nestingIssues(document);
  if (nesting.length > 0) return nesting;
  if (isStream(document)) {
    const issues: ImportIssue[] = [];
    for (const [index, event] of document.entries())
      if (issues.length < MAX_ISSUES) issues.push(...issuesOf(eventSchema, event, `/${index}`));
    if (!document.some((event) => text(object(event)?.run_id) !== undefined))
      issues.push({ path: "/0/run_id", message: "no event of the stream names its run" });
    return issues;
  }
  const isList = Array.isArray(document);
  const issues: ImportIssue[] = [];
  for (const [index, run] of (isList ? document : [document]).entries()) {
    if (issues.length >= MAX_ISSUES) break;
    const path = isList ? `/${index}` : "";
    const found = runIssues(run, path);
    if (found.length === 0 && !hasTime(run as Json))
      found.push({
        path: `${path}/created_at`,
        message: "expected a time: neither the run nor its events or messages say one",
      });
    issues.push(...found);
  }
  return issues;
}

const weight = (run: Json): number =>
  ["events", "messages", "tools", "step_results", ...RUN_LISTS].reduce(
    (sum, name) => sum + list(run[name]).length,
    0,
  );

export function readDocument(document: unknown): AgnoDocument {
  const runs = new Map<string, FoundRun>();
  if (isStream(document)) {
    for (const { event, index, runId } of streamed(document)) {
      const found = foundOf(runs, runId);
      found.eventsOf = STREAM;
      found.places.push(index);
      const parentId = parentIn(event);
      if (parentId !== runId) found.parentId ??= parentId;
    }
    return { shape: "events", document, runs, tops: adopt(runs) };
  }
  const isList = Array.isArray(document);
  for (const [index, run] of (isList ? document : [document]).entries())
    visit(runs, run as Json, isList ? `/${index}` : "", true, undefined);
  for (const found of [...runs.values()]) shareEvents(runs, found);
  return { shape: "runs", document, runs, tops: adopt(runs) };
}

/** Events of a stream with their runs: a frame that names none belongs to the run before, the first ones to the first. */
function* streamed(document: readonly unknown[]): Generator<{ event: Json; index: number; runId: string }> {
  const first = document.find((event) => text(object(event)?.run_id) !== undefined);
  let runId = text(object(first)?.run_id) ?? "";
  for (const [index, member] of document.entries()) {
    const event = object(member);
    if (event === undefined) continue;
    runId = text(event.run_id) ?? runId;
    yield { event, index, runId };
  }
}

/** Events of a run, in their order. */
export function eventsOf({ document, runs }: AgnoDocument, found: FoundRun): PlacedEvent[] {
  const owner = runs.get(found.eventsOf ?? STREAM)?.main;
  const [events, within] =
    found.eventsOf === STREAM ? [list(document), ""] : [list(owner?.run.events), `${owner?.pointer}/events`];
  return found.places.flatMap((index) => {
    const event = object(events[index]);
    return event === undefined ? [] : [{ event, pointer: `${within}/${index}` }];
  });
}

function foundOf(runs: Map<string, FoundRun>, id: string): FoundRun {
  let found = runs.get(id);
  if (found === undefined) {
    found = {
      id,
      main: undefined,
      copies: [],
      eventsOf: undefined,
      places: [],
      parentId: undefined,
      children: [],
    };
    runs.set(id, found);
  }
  return found;
}

const parentIn = (of: Json): string | undefined => text(of.parent_run_id) ?? text(of.workflow_run_id);

function visit(
  runs: Map<string, FoundRun>,
  run: Json,
  pointer: string,
  isPlaced: boolean,
  within: string | undefined,
): void {
  const id = text(run.run_id);
  if (id === undefined) return;
  const found = foundOf(runs, id);
  const occurrence: Occurrence = { run, pointer, isPlaced, parentId: text(run.parent_run_id) ?? within };
  const { main } = found;
  const isFuller =
    main === undefined || (main.isPlaced === isPlaced ? weight(run) >= weight(main.run) : isPlaced);
  if (isFuller && main !== undefined) found.copies.push(main);
  if (isFuller) found.main = occurrence;
  else found.copies.push(occurrence);
  if (occurrence.parentId !== id) found.parentId ??= occurrence.parentId;
  for (const name of RUN_LISTS)
    for (const { item, index } of objects(run[name]))
      visit(runs, item, `${pointer}/${name}/${index}`, isPlaced, id);
  const agent = object(run[WORKFLOW_AGENT]);
  if (agent !== undefined) visit(runs, agent, `${pointer}/${WORKFLOW_AGENT}`, isPlaced, id);
  for (const { item: event, index } of objects(run.events))
    for (const name of RUN_LISTS)
      for (const { item, index: place } of objects(event[name]))
        visit(runs, item, `${pointer}/events/${index}/${name}/${place}`, false, id);
}

/** Events of members and executors stand among those of the team or workflow, unless they keep their own. */
function shareEvents(runs: Map<string, FoundRun>, owner: FoundRun): void {
  for (const { item: event, index } of objects(owner.main?.run.events)) {
    const id = text(event.run_id) ?? owner.id;
    const found = foundOf(runs, id);
    if (id === owner.id && found.eventsOf !== id) {
      found.eventsOf = id;
      found.places = [];
    } else if (found.eventsOf === undefined && !hasEvents(found)) {
      found.eventsOf = owner.id;
      const parentId = parentIn(event);
      found.parentId ??= parentId === id ? owner.id : (parentId ?? owner.id);
    }
    if (found.eventsOf === owner.id) found.places.push(index);
  }
}

const hasEvents = ({ main }: FoundRun): boolean =>
  list(main?.run.events).some((event) => object(event) !== undefined);

/** Runs in the order they are told in: those nobody here started as they stand, each followed by those it started. */
export function inOrder(tops: readonly FoundRun[]): FoundRun[] {
  const ordered: FoundRun[] = [];
  const waiting = tops.toReversed();
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    ordered.push(next);
    waiting.push(...next.children.toReversed());
  }
  return ordered;
}

/** Tells runs of the runs they started. @returns those that none here started. */
function adopt(runs: ReadonlyMap<string, FoundRun>): FoundRun[] {
  return [...runs.values()].filter((found) => {
    const parent = found.parentId === undefined ? undefined : runs.get(found.parentId);
    if (parent === undefined || isWithin(runs, parent.id, found.id)) return true;
    parent.children.push(found);
    return false;
  });
}

/** Whether a run is, by what is said of parents, below another; damaged documents may say so of both. */
function isWithin(runs: ReadonlyMap<string, FoundRun>, id: string, otherId: string): boolean {
  const seen = new Set<string>();
  for (let at: string | undefined = id; at !== undefined && !seen.has(at); at = runs.get(at)?.parentId) {
    if (at === otherId) return true;
    seen.add(at);
  }
  // A circle that the other hangs on is its own beginning's business.
  return false;
}
