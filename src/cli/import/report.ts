/** What an import has to say at its end. */
import type { ImportReport } from "../../imports/index.ts";
import { counted, isLoopbackHost, printable } from "../../local/index.ts";
import type { Destinations } from "./destinations.ts";
import type { Seen } from "./run-import.ts";
import type { Source } from "./sources.ts";

export interface Ending {
  readonly source: Source;
  readonly destinations: Pick<Destinations, "apieUrl" | "otlpUrl">;
  readonly report: ImportReport;
  readonly seen: Seen;
  /** It was stopped from outside. */
  readonly isInterrupted: boolean;
  /** Why the source could not be read to its end. */
  readonly failure: string | undefined;
  readonly state: string | undefined;
}

/** More are in `--json`. */
const MAX_IDS = 5;

type Ids = Readonly<Record<string, string | null>>;

/** Apie's ids of what was read, by the ids of the source. */
function idsOf(kind: keyof Seen, { report, seen }: Ending): Ids {
  const items = report.known[kind];
  return Object.fromEntries([...seen[kind]].map((id) => [id, items[id]?.apieId ?? null]));
}

export function importJson(ending: Ending): string {
  const { source, destinations, report, isInterrupted, failure, state } = ending;
  const { known: _, events, exported, ...rest } = report;
  return JSON.stringify({
    ok: report.ok && failure === undefined,
    source: { system: source.name, place: source.place },
    apie: destinations.apieUrl === undefined ? null : { base_url: destinations.apieUrl, events },
    otlp: destinations.otlpUrl === undefined ? null : { url: destinations.otlpUrl, spans: exported },
    spans: rest.spans,
    runs: rest.runs,
    sessions: rest.sessions,
    unchanged: rest.unchanged,
    interrupted: isInterrupted,
    session_ids: idsOf("sessions", ending),
    run_ids: idsOf("runs", ending),
    state: state ?? null,
    error: failure ?? rest.lastError ?? null,
  });
}

export function importText(ending: Ending): string {
  const { source, destinations, report, isInterrupted, failure, state } = ending;
  const { events, exported } = report;
  const [sessions, runs] = [idsOf("sessions", ending), idsOf("runs", ending)];
  const what = [counted(report.runs, "run"), report.unchanged > 0 ? `${report.unchanged} unchanged` : ""]
    .filter((part) => part !== "")
    .join(", ");
  const lost = [
    events.rejected > 0 ? `${events.rejected} refused` : "",
    events.dropped > 0 ? `${events.dropped} given up` : "",
    events.pending > 0 ? `${events.pending} not taken` : "",
  ].filter((part) => part !== "");
  const lines = [
    `${source.place}: ${what}, ${counted(report.spans, "new span")}.`,
    ...(destinations.apieUrl === undefined
      ? []
      : [
          `${destinations.apieUrl} took ${counted(events.delivered, "event")}${lost.length > 0 ? `; ${lost.join(", ")}` : ""}.`,
        ]),
    ...(destinations.otlpUrl === undefined
      ? []
      : [
          `${destinations.otlpUrl} took ${counted(exported.delivered, "span")}${exported.failed > 0 ? `; ${exported.failed} failed` : ""}.`,
        ]),
    ...idLines("session", sessions),
    ...idLines("run    ", runs),
    ...replayLine(destinations.apieUrl, sessions, runs),
    ...(isInterrupted ? [`Stopped. ${goingOn(state)}`] : []),
    ...(report.ok || report.lastError === undefined
      ? []
      : [`Not everything has arrived: ${report.lastError}. ${goingOn(state)}`]),
    ...(failure === undefined ? [] : [`Read up to here: ${failure}`]),
  ];
  return `${lines.map((line) => printable(line)).join("\n")}\n`;
}

const goingOn = (state: string | undefined): string =>
  state === undefined
    ? "With --state FILE another import goes on where this one ended."
    : "The same command goes on where this one ended.";

function idLines(what: string, ids: Ids): string[] {
  const lines = Object.entries(ids).flatMap(([id, apieId]) =>
    apieId === null ? [] : [`${what} ${apieId}  ${id}`],
  );
  const more = lines.length - MAX_IDS;
  return more > 0 ? [...lines.slice(0, MAX_IDS), `${what} and ${more} more`] : lines;
}

/** Only a local Apie has pages at addresses that are known. */
function replayLine(apieUrl: string | undefined, sessions: Ids, runs: Ids): string[] {
  if (apieUrl === undefined || !isLoopbackHost(new URL(apieUrl).hostname.replace(/^\[(.*)\]$/, "$1")))
    return [];
  const first = (ids: Ids): string | undefined => Object.values(ids).find((id) => id !== null) ?? undefined;
  const { origin } = new URL(apieUrl);
  const [session, run] = [first(sessions), first(runs)];
  if (session !== undefined) return [`replay  ${origin}/sessions/${session}`];
  return run === undefined ? [] : [`replay  ${origin}/runs/${run}`];
}
