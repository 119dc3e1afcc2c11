/** What is in a bundle: the run, its events, and what they are read by. */
import { type ImportIssue, issuesOf, MAX_ISSUES } from "../errors.ts";
import { type Json, list, number, object, objects, text } from "../json.ts";
import { nestingIssues } from "../nesting.ts";
import { agentSchema, DATA_SCHEMAS, eventSchema, revisionSchema, runSchema } from "./schema.ts";
import { timeOf } from "./times.ts";

export interface PlacedEvent {
  readonly event: Json;
  readonly pointer: string;
  /** Place in the run's whole list, as far as the answer says where it begins. */
  readonly index: number;
}

export interface AgDevDocument {
  readonly shape: "bundle" | "run";
  readonly document: Json;
  readonly run: Json;
  readonly runPointer: string;
  readonly revision: Json | undefined;
  readonly agent: Json | undefined;
  /** As they stand. */
  readonly events: readonly PlacedEvent[];
  /** Events the source says the run has, where it says so. */
  readonly eventsTotal: number | undefined;
}

/** Members a list of events may stand at. */
const LISTS = ["data", "items"] as const;

/** A run has an id, and a bundle has none. */
const isBundle = (document: Json): boolean => document.id === undefined && document.agentId === undefined;

/** Where the list of events stands; `undefined` where there is none. */
function listPointerOf(events: unknown): string | undefined {
  if (Array.isArray(events)) return "/events";
  const name = LISTS.find((member) => Array.isArray(object(events)?.[member]));
  return name === undefined ? undefined : `/events/${name}`;
}

const listAt = (events: unknown, pointer: string): readonly unknown[] =>
  pointer === "/events" ? list(events) : list(object(events)?.[pointer.slice("/events/".length)]);

/** Pages say where they begin: `offset`, or the number of the page from 1 and its size. */
function firstIndexOf(events: unknown): number {
  const { pagination, page, pageSize } = object(events) ?? {};
  const before = (number(page) ?? 1) - 1;
  const offset = number(object(pagination)?.offset) ?? before * (number(pageSize) ?? 0);
  return Number.isSafeInteger(offset) && offset > 0 ? offset : 0;
}

export function readDocument(document: Json): AgDevDocument {
  if (!isBundle(document))
    return {
      shape: "run",
      document,
      run: document,
      runPointer: "",
      revision: undefined,
      agent: undefined,
      events: [],
      eventsTotal: undefined,
    };
  const { run, events, revision, agent } = document;
  const listPointer = listPointerOf(events);
  const first = firstIndexOf(events);
  return {
    shape: "bundle",
    document,
    run: object(run) ?? {},
    runPointer: "/run",
    revision: object(revision),
    agent: object(agent),
    events:
      listPointer === undefined
        ? []
        : objects(listAt(events, listPointer)).map(({ item, index }) => ({
            event: item,
            pointer: `${listPointer}/${index}`,
            index: first + index,
          })),
    eventsTotal: number(object(object(events)?.pagination)?.total) ?? number(object(events)?.total),
  };
}

/** The document without the events that spans of their own bear. */
export function withoutEvents({ document, shape }: AgDevDocument): Json {
  const { events } = document;
  if (shape === "run") return document;
  if (Array.isArray(events)) return { ...document, events: [] };
  const pointer = listPointerOf(events);
  if (pointer === undefined) return document;
  return { ...document, events: { ...object(events), [pointer.slice("/events/".length)]: [] } };
}

/** Revision the run is tied to, by what the run itself says: the docs do not fix the member. */
export const revisionIdIn = (run: Json): string | undefined =>
  text(run.revisionId) ?? text(run.agentRevisionId) ?? text(object(run.revision)?.id) ?? text(run.revision);

/** Everything that is wrong with a bundle, before anything is made of it. */
export function documentIssues(given: unknown): ImportIssue[] {
  const nesting = nestingIssues(given);
  if (nesting.length > 0) return nesting;
  const document = object(given);
  if (document === undefined)
    return [{ path: "", message: "expected a run, or { run, events, revision, agent }" }];
  const of = readDocument(document);
  const { shape, runPointer } = of;
  const run = shape === "run" ? document : document.run;
  const issues = [
    ...issuesOf(runSchema, run, runPointer),
    ...(shape === "run" ? [] : [...eventIssues(of), ...aroundIssues(document)]),
  ];
  if (issues.length > 0) return issues.slice(0, MAX_ISSUES);
  return [...contradictionsIn(of), ...timeIssues(of)].slice(0, MAX_ISSUES);
}

const isThere = (value: unknown): boolean => value !== undefined && value !== null;

function eventIssues({ document }: AgDevDocument): ImportIssue[] {
  const { events } = document;
  if (!isThere(events)) return [];
  const pointer = listPointerOf(events);
  if (pointer === undefined)
    return [
      {
        path: "/events",
        message: "expected a list of events, { data, pagination }, or { items, total, page, pageSize }",
      },
    ];
  const issues: ImportIssue[] = [];
  for (const [index, event] of listAt(events, pointer).entries()) {
    if (issues.length >= MAX_ISSUES) break;
    const path = `${pointer}/${index}`;
    issues.push(...issuesOf(eventSchema, event, path));
    const { type, data } = object(event) ?? {};
    const schema = typeof type === "string" ? DATA_SCHEMAS.get(type) : undefined;
    if (schema !== undefined) issues.push(...issuesOf(schema, data, `${path}/data`));
  }
  return issues;
}

const aroundIssues = ({ revision, agent }: Json): ImportIssue[] => [
  ...(isThere(revision) ? issuesOf(revisionSchema, revision, "/revision") : []),
  ...(isThere(agent) ? issuesOf(agentSchema, agent, "/agent") : []),
];

/** Answers of different runs or agents that were put together. */
function contradictionsIn({ run, revision, agent, events }: AgDevDocument): ImportIssue[] {
  const pairs: [path: string, said: unknown, of: string, expected: string | undefined][] = [
    ["/revision/id", revision?.id, "the run's revision", revisionIdIn(run)],
    ["/agent/id", agent?.id, "the run's agent", text(run.agentId)],
    ...events.map(({ event, pointer }): [string, unknown, string, string | undefined] => [
      `${pointer}/runId`,
      event.runId,
      "the run",
      text(run.id),
    ]),
  ];
  return pairs.flatMap(([path, said, of, expected]) =>
    text(said) === undefined || expected === undefined || said === expected
      ? []
      : [{ path, message: `expected the id of ${of}, ${expected}` }],
  );
}

/** A run without any time cannot be placed. */
function timeIssues({ run, runPointer, events }: AgDevDocument): ImportIssue[] {
  const times = [run.createdAt, ...events.flatMap(({ event }) => [event.startedAt, event.timestamp])];
  return times.some((time) => timeOf(time) !== undefined)
    ? []
    : [
        {
          path: `${runPointer}/createdAt`,
          message: "expected a time: neither the run nor its events say one",
        },
      ];
}
