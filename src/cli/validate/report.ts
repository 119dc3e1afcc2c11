/** What was found, as text. */
import { counted, paint, printable } from "../../local/index.ts";
import type { EventReport } from "./events.ts";
import type { Unreadable } from "./input.ts";
import type { Fates, SpanFate } from "./spans.ts";

const bad = (colour: boolean, at: string, what: string, message: string): string =>
  `${paint(colour, "red", "✗")} ${at}${what === "" ? "" : `  ${printable(what, 80)}`}: ${printable(message, 400)}`;

const issueText = ({ path, message }: { path: string; message: string }): string =>
  path === "" ? message : `${path}: ${message}`;

export function eventText({ results, unreadable, remote }: EventReport, colour: boolean): string {
  const wrong = results.filter(({ valid }) => !valid);
  const total = results.length + unreadable.length;
  const lines = [
    ...unreadable.map(({ at, message }) => bad(colour, at, "", message)),
    ...wrong.flatMap(({ at, type, issues }) =>
      issues.map((issue) => bad(colour, at, type ?? "(no type)", issueText(issue))),
    ),
    ...results.flatMap(({ at, type, warnings }) =>
      warnings.map((warning) => `${paint(colour, "yellow", "!")} ${at}  ${type}: ${printable(warning, 400)}`),
    ),
    `${counted(total, "event")}, ${wrong.length + unreadable.length} invalid${remote ? " (by Apie, too)" : ""}.`,
  ];
  return `${lines.join("\n")}\n`;
}

function spanLine(fate: SpanFate, colour: boolean): string {
  const { span_id, name, kind, convention, run, events } = fate;
  const what = kind === null ? "not agent work" : `${kind} (${convention})`;
  const counts = new Map<string, number>();
  for (const type of events) counts.set(type, (counts.get(type) ?? 0) + 1);
  const told = [...counts].map(
    ([type, count]) => `${type.replace(/^agent\./, "")}${count > 1 ? ` ×${count}` : ""}`,
  );
  return [
    paint(colour, "dim", span_id),
    printable(name, 40).padEnd(40),
    paint(colour, kind === null ? "dim" : "cyan", what.padEnd(28)),
    (run === null ? "" : `run ${run}`).padEnd(7),
    told.join(", "),
  ]
    .join("  ")
    .trimEnd();
}

export function spanText(fates: Fates, malformed: readonly Unreadable[], colour: boolean): string {
  const { spans, runs, sessions, events, invalid, lost, late } = fates;
  const known = spans.filter(({ kind }) => kind !== null);
  const lines = [
    ...malformed.map(({ at, message }) => bad(colour, at, "", message)),
    ...invalid.flatMap(({ type, issues }) =>
      issues.map((issue) => bad(colour, "event", type ?? "", issueText(issue))),
    ),
    ...spans.map((fate) => spanLine(fate, colour)),
    ...(spans.length === 0 ? [] : [""]),
    ...runs.map(
      ({ run, agent_key, events: count }) =>
        `run ${run}  ${printable(agent_key, 60)}: ${counted(count, "event")}`,
    ),
    ...(late === 0
      ? []
      : [`${counted(late, "span")} began after the run had ended, and no event tells of that.`]),
    ...Object.entries(lost).map(([reason, count]) => `${count} lost: ${reason}`),
    `${counted(spans.length, "span")}, ${known.length} of agent work: ${counted(runs.length, "run")}, ` +
      `${counted(sessions, "session")}, ${counted(events, "event")}${malformed.length === 0 ? "" : `; ${malformed.length} malformed`}.`,
    ...(spans.length > 0 && known.length === 0
      ? ["None is of a convention that is known: docs/conventions.md says which are, and how to add yours."]
      : []),
  ];
  return `${lines.join("\n")}\n`;
}
