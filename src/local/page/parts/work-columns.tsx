/** Columns that lists of runs and of sessions have in common: what was counted, how long it took. */
import type { Run, Session } from "../data/records.ts";
import { count } from "../data/words.ts";
import { tookOf } from "../replay/times.ts";
import { clock, duration } from "./format.ts";
import type { Column } from "./listing.tsx";
import { Errors, Tokens } from "./pieces.tsx";

export const WORK_COLUMNS: readonly Column<Run | Session>[] = [
  { title: "Events", isNumber: true, cell: ({ counts }) => count(counts.events) },
  { title: "Tokens", isNumber: true, cell: ({ counts }) => <Tokens counts={counts} /> },
  { title: "Failures", isNumber: true, cell: ({ counts }) => <Errors counts={counts} /> },
  {
    title: "Took",
    isNumber: true,
    cell: (work) => (work.status === "running" ? "…" : duration(tookOf(work))),
  },
  { title: "Started", isNumber: true, cell: ({ started_at }) => clock(started_at) },
];
