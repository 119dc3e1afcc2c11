/** Documents of many runs: what one of them costs does not grow with the others. */
import { expect, test } from "vitest";
import { agnoRuns } from "../../src/imports/index.ts";
import { type Json, ofOperation } from "./support.ts";

const EVENTS_PER_RUN = 10;

/** Events of all runs, the runs at work side by side, and how often any of them is asked whose it is. */
function eventsOf(runs: number): { events: Json[]; asked: () => number } {
  let asked = 0;
  const events: Json[] = [];
  for (let step = 0; step < EVENTS_PER_RUN; step += 1) {
    const event =
      step === 0 ? "RunStarted" : step === EVENTS_PER_RUN - 1 ? "RunCompleted" : "RunIntermediateContent";
    for (let run = 0; run < runs; run += 1) {
      const id = `r${run}`;
      const of = { event, agent_id: `agent-${run}`, created_at: 1_700_000_000 + step };
      events.push(
        Object.defineProperty({ ...of } as Json, "run_id", {
          enumerable: true,
          get() {
            asked += 1;
            return id;
          },
        }),
      );
    }
  }
  return { events, asked: () => asked };
}

const DOCUMENTS: readonly [string, (events: Json[]) => unknown, others: number][] = [
  ["a stream", (events) => events, 0],
  [
    "a team's list of its members' events",
    (events) => ({ run_id: "team", team_id: "team", created_at: 1_700_000_000, events }),
    1,
  ],
];

test.each(DOCUMENTS)("%s is not gone through for each of its runs", (_what, document, others) => {
  const askedPerEvent = [50, 200].map((runs) => {
    const { events, asked } = eventsOf(runs);
    const spans = [...agnoRuns(document(events))];
    expect(ofOperation(spans, "run")).toHaveLength(runs + others);
    return asked() / events.length;
  });
  expect(askedPerEvent[1]).toBeLessThan((askedPerEvent[0] ?? 0) * 1.5);
});
