/** The tables of docs/delivery.md, made of the table that test/delivery/fault-table.test.ts holds. */
import { FAULTS, OUTCOMES, type OutcomeName, UNREACHABLE } from "../../test/delivery/fault-table.ts";
import { table } from "./markdown.ts";
import type { Tables } from "./page.ts";

const label = (name: OutcomeName | undefined): string => (name === undefined ? "" : OUTCOMES[name].label);

function faults(): string {
  const rows = FAULTS.map(({ name, cells: { events, run, session, identify } }) => {
    if (run !== session) throw new Error(`${name}: runs and sessions have one column`);
    return [name, label(events), label(run), label(identify)];
  });
  const again = OUTCOMES.again.label;
  const unreachable = Object.values(UNREACHABLE).map((name) => [name, again, again, again]);
  return table(
    ["What comes back", "events", "opening a run or a session", "registration"],
    [...rows, ...unreachable],
  );
}

const outcomes = (): string =>
  Object.values(OUTCOMES)
    .map((outcome) => `- **${outcome.label}**: ${outcome.words}`)
    .join("\n");

export const TABLES: Tables = { faults, outcomes };
