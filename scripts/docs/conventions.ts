/** The tables of docs/conventions.md, by the name they have there: made of the code and of the recordings. */
import { METADATA_SESSION, SESSION, USER } from "../../src/conventions/identity.ts";
import { CONVENTIONS, ConventionReader } from "../../src/conventions/index.ts";
import type { Activity, ActivityKind } from "../../src/model/activity.ts";
import type { SpanLike } from "../../src/model/span.ts";
import { eventsAtBegin, eventsAtEnd } from "../../src/processor/plan.ts";
import type { SpanNode } from "../../src/tracking/index.ts";
import { code, table } from "./markdown.ts";
import type { Tables } from "./page.ts";
import { PROBES, type Probe } from "./probes.ts";
import { recordings } from "./recordings.ts";

/** What a kind of the neutral model is called on the page. */
const LABELS: Partial<Record<ActivityKind, string>> = {
  run: "run of an agent",
  llm: "model call",
  embedding: "embedding",
  tool: "tool call",
  mcp: "MCP request",
  step: "step",
  retrieval: "retrieval",
  handoff: "hand-off",
  guardrail: "guardrail",
  none: "nothing; what is below it counts",
};

const label = (kind: ActivityKind): string => LABELS[kind] ?? kind.replace("_", " ");

const reader = new ConventionReader();

function read(probe: Probe, value: string): Activity | undefined {
  const span: SpanLike = {
    name: "name",
    spanContext: () => ({ traceId: "", spanId: "" }),
    startTime: [0, 0],
    endTime: [0, 0],
    status: { code: 0 },
    attributes: { ...probe.also, [probe.attribute]: value },
    links: [],
    events: [],
    instrumentationScope: { name: probe.scope ?? "" },
  };
  return reader.read(span, "end");
}

function kindsOf(convention: string): string {
  const probe = PROBES[convention];
  if (probe === undefined)
    throw new Error(`the convention ${convention} has no entry in scripts/docs/probes.ts`);
  const byKind = new Map<ActivityKind, string[]>();
  for (const value of probe.values) {
    const activity = read(probe, value);
    if (activity?.convention !== convention) throw new Error(`${value} is not read by ${convention}`);
    byKind.set(activity.kind, [...(byKind.get(activity.kind) ?? []), value]);
  }
  const rows = [...byKind].map(([kind, values]) => [code(values), label(kind)]);
  return table([`\`${probe.attribute}\``, "becomes"], rows);
}

type Told = Pick<Activity, "kind" | "mcp">;

/** Kinds of foreign work that are told by events, one row each. */
const TOLD: readonly (readonly [string, Told])[] = [
  ["model call, embedding", { kind: "llm" }],
  ["tool call", { kind: "tool" }],
  ["MCP `tools/call`, no tool span above", { kind: "mcp", mcp: { method: "tools/call", alsoTool: true } }],
  ["MCP `tools/call` below one", { kind: "mcp", mcp: { method: "tools/call" } }],
  ["MCP `tools/list`", { kind: "mcp", mcp: { method: "tools/list" } }],
  ["MCP `resources/read`", { kind: "mcp", mcp: { method: "resources/read" } }],
  ["step", { kind: "step" }],
  ["retrieval", { kind: "retrieval" }],
  ["guardrail", { kind: "guardrail" }],
  ["hand-off", { kind: "handoff" }],
];

function eventRow(what: string, told: Told): string[] {
  const opening: Activity = { ...told, convention: "page" };
  const node = (closing: Activity) => ({ opening, closing }) as SpanNode;
  const short = (types: readonly string[]) => code(types.map((type) => type.replace(/^agent\./, "")));
  return [
    what,
    short(eventsAtBegin(node(opening))),
    short(eventsAtEnd(node(opening))),
    short(eventsAtEnd(node({ ...opening, error: { type: "Error" } }))),
  ];
}

const events = (): string =>
  table(
    ["Span", "at its start", "at its end", "at its end, failed"],
    TOLD.map(([what, told]) => eventRow(what, told)),
  );

/** By convention that reads them, in the order these are asked. */
function readBy(spans: readonly SpanLike[]): string[] {
  const names = new Set(spans.map((span) => reader.read(span, "end")?.convention));
  return CONVENTIONS.map(({ name }) => name).filter((name) => names.has(name));
}

function recorded(): string {
  const rows = recordings().map(({ folder, packages, scenarios, spans }) => [
    `[${folder}](../test/fixtures/spans/${folder})`,
    [...packages].map(([name, version]) => `\`${name}\` ${version}`).join(", "),
    String(scenarios),
    code(readBy(spans)),
  ]);
  return table(["Recording", "Packages", "Scenarios", "Read as"], rows);
}

function identity(): string {
  const members = METADATA_SESSION.map((name) => `\`${name}\``).join(", ");
  return table(
    ["", "the first of these that a span has"],
    [
      ["Session", `${code(SESSION.keys)}; in the JSON of \`metadata\`: ${members}`],
      ["User", code(USER.keys)],
    ],
  );
}

export const TABLES: Tables = {
  recorded,
  events,
  identity,
  order: () => code(CONVENTIONS.map(({ name }) => name)),
  ...Object.fromEntries(CONVENTIONS.map(({ name }) => [`kinds of ${name}`, () => kindsOf(name)])),
};
