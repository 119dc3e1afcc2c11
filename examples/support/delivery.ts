/** The delivery report of a service: what became of everything it sent, at both destinations. */
import type { FlushReport } from "apie-otel";
import type { Destinations } from "./destinations.ts";
import { heading, styled } from "./terminal.ts";

/** As a service tells it about itself. */
export interface DeliveryReport {
  readonly apie: FlushReport | { readonly error: string };
  readonly otlp: { readonly ok: boolean; readonly error?: string };
}

const counts = (outcome: object): string =>
  Object.entries(outcome)
    .map(([name, count]) => `${count} ${name}`)
    .join(", ");

function apieRows(report: DeliveryReport["apie"]): (readonly [what: string, outcome: string])[] {
  if ("error" in report) return [["failed", report.error]];
  const { ok, events, runs, sessions, reasons, lastError } = report;
  return [
    ["events", counts(events)],
    ["runs", counts(runs)],
    ["sessions", counts(sessions)],
    ...(Object.keys(reasons).length === 0 ? [] : [["lost", counts(reasons)] as const]),
    ...(ok ? [] : [["not finished", lastError ?? "timed out"] as const]),
  ];
}

export function deliveryText(
  report: DeliveryReport,
  { apie, otlp }: Pick<Destinations, "apie" | "otlp">,
  spansShown: number,
): string {
  const outcome = report.otlp.ok ? "all exported" : `failed: ${report.otlp.error}`;
  const received = spansShown === 0 ? "" : `, ${spansShown} of them in the traces above`;
  const line = (where: string, what: string, text: string): string =>
    `  ${where.padEnd(4)}  ${styled("dim", what.padEnd(12))}  ${text}`;
  const lines = [
    ...apieRows(report.apie).map(([what, text], index) => line(index === 0 ? "Apie" : "", what, text)),
    line("OTLP", "spans", `${outcome}${received}`),
  ];
  const to = styled("dim", `  Apie ${apie}\n  OTLP ${otlp}\n`);
  return `${heading("Delivered")}\n${lines.join("\n")}\n\n${to}`;
}

/** What is wrong with the delivery; nothing when all is where it belongs. */
export function deliveryProblems({ apie, otlp }: DeliveryReport, stored?: number): string[] {
  const problems = otlp.ok ? [] : [`OTLP export failed: ${otlp.error}`];
  if ("error" in apie) return [...problems, `delivery to Apie failed: ${apie.error}`];
  const { delivered, rejected, dropped } = apie.events;
  if (!apie.ok) problems.push(`delivery to Apie is not finished: ${apie.lastError ?? "timed out"}`);
  if (rejected + dropped > 0) problems.push(`events were lost on their way: ${counts(apie.events)}`);
  if (stored !== undefined && delivered !== stored) {
    problems.push(`${delivered} events were delivered and ${stored} are there`);
  }
  return problems;
}
