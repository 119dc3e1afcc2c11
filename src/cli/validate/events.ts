/** Verdicts on events, each with where it stands in what was given. */
import type { Apie } from "../../apie.ts";
import { type EventIssue, validateEvents } from "../../events/index.ts";
import type { Input, Unreadable } from "./input.ts";

export interface PlacedVerdict {
  readonly at: string;
  readonly type: string | undefined;
  readonly valid: boolean;
  readonly issues: readonly EventIssue[];
  /** What Apie says of a valid one. */
  readonly warnings: readonly string[];
}

export interface EventReport {
  readonly valid: boolean;
  readonly results: readonly PlacedVerdict[];
  readonly unreadable: readonly Unreadable[];
  /** Whether Apie was asked. */
  readonly remote: boolean;
}

/** Events per question to Apie. */
const TOGETHER = 100;

/** @param apie absent: only the rules of the protocol are asked, and nothing leaves the process. */
export async function judgeEvents(
  { events, unreadable }: Extract<Input, { kind: "events" }>,
  apie: Apie | undefined,
): Promise<EventReport> {
  const local = validateEvents(events.map(({ value }) => value)).results;
  const results = local.map(
    ({ index, type, valid, issues }): PlacedVerdict => ({
      at: events[index]?.at ?? "",
      type,
      valid,
      issues,
      warnings: [],
    }),
  );
  if (apie !== undefined) await askApie(apie, events, results);
  return {
    valid: unreadable.length === 0 && results.every(({ valid }) => valid),
    results,
    unreadable,
    remote: apie !== undefined,
  };
}

/** Of those that are valid by themselves; what Apie says replaces the verdict. */
async function askApie(
  apie: Apie,
  events: readonly { value: unknown }[],
  results: PlacedVerdict[],
): Promise<void> {
  const asked = results.flatMap(({ valid }, index) => (valid ? [index] : []));
  for (let from = 0; from < asked.length; from += TOGETHER) {
    const some = asked.slice(from, from + TOGETHER);
    const { remote } = await apie.validateEvents(some.map((index) => events[index]?.value));
    for (const { index, status, warnings } of remote?.results ?? []) {
      const place = some[index] ?? -1;
      const before = results[place];
      if (before === undefined) continue;
      const isInvalid = status === "invalid";
      const issues = isInvalid
        ? [{ path: "", message: `Apie refuses it${warnings.length === 0 ? "" : `: ${warnings.join("; ")}`}` }]
        : [];
      results[place] = { ...before, valid: !isInvalid, issues, warnings: isInvalid ? [] : warnings };
    }
  }
}
