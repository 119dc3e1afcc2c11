/** What is told: a table of all figures for each measure, and the one of the README. */
import { median } from "./numbers.mjs";
import { SPANS_PER_RUN } from "./shapes.mjs";

const fixed = (value, digits = 1) => value.toFixed(digits);

/** The median of one figure, by variant. */
const medians = (results, figure) =>
  Object.fromEntries(Object.entries(results).map(([variant, runs]) => [variant, median(runs.map(figure))]));

/** Highest share of the model calls that did not arrive, in percent. */
function lostPercent(runs) {
  const shares = runs.map(({ variant, made, shape, sink }) => {
    // A model call is two events; a run's own span is none, over OTLP it is one more.
    const runSpans = shape === "llm" ? Math.ceil(made / SPANS_PER_RUN) : 0;
    const arrived = variant === "apie" ? sink.events / 2 : sink.spans * (made / (made + runSpans));
    return 100 * (1 - arrived / made);
  });
  return Math.max(...shares);
}

const ratios = (values) =>
  Object.fromEntries(
    Object.entries(values).map(([variant, value]) => [
      variant,
      variant === "otlp"
        ? "1"
        : values.otlp > 0
          ? fixed(value / values.otlp, 2)
          : "not measured: OTLP held no rate",
    ]),
  );

const FIGURES = {
  caller: {
    columns: {
      "p50 ns": (run) => fixed(run.p50, 0),
      "worst slice ms": (run) => fixed(run.worstSliceMs),
    },
    rows: (title, results) => {
      const p50 = medians(results, (run) => run.p50);
      const over = Object.entries(p50).map(([variant, value]) => [variant, fixed(value - p50.noop, 0)]);
      return [[title, Object.fromEntries(over)]];
    },
  },
  cpu: {
    columns: {
      "CPU µs/span": (run) => fixed(run.cpuUs),
      "spans arrived": (run) => run.sink.spans,
      "events arrived": (run) => run.sink.events,
      "bytes/span": (run) => fixed(run.sink.bytes / run.spans, 0),
    },
    rows: (title, results) => [[title, ratios(medians(results, (run) => run.cpuUs))]],
  },
  flush: {
    columns: {
      "queued, CPU µs/span": (run) => fixed(run.queuedUs),
      "just ended, CPU µs/span": (run) => fixed(run.endedUs),
    },
    rows: (title, results) => [
      [title, ratios(medians(results, (run) => run.queuedUs))],
      ["the same, spans just ended and still to be read", ratios(medians(results, (run) => run.endedUs))],
    ],
  },
  sustained: {
    columns: { "spans/s": (run) => run.rate },
    rows: (title, results) => {
      const { "both-25": at25, ...at500 } = ratios(medians(results, (run) => run.rate));
      return [
        [`${title}, 500 events per POST`, at500],
        [`${title}, 25 events per POST`, { otlp: at500.otlp, both: at25 }],
      ];
    },
  },
  guard: {
    columns: { "µs/call": (run) => fixed(run.callUs, 0) },
    rows: (title, results) => {
      const { post, "guard-off": off, ...guarded } = medians(results, (run) => run.callUs);
      const trips = (value) => `${fixed((value - off) / post, 2)} round trips`;
      return [
        [`${title}, monitor mode`, { apie: trips(guarded["guard-monitor"]) }],
        [`${title}, enforce mode`, { apie: trips(guarded["guard-enforce"]) }],
      ];
    },
  },
  burst: {
    columns: {
      made: (run) => run.made,
      "lost %": (run) => fixed(lostPercent([run]), 2),
      "peak RSS MB": (run) => fixed(run.peakMb, 0),
      "before MB": (run) => fixed(run.baselineMb, 0),
      "worst span ms": (run) => fixed(run.worstSpanMs, 2),
    },
    rows: (title, results) => {
      const told = (cell) =>
        Object.fromEntries(Object.entries(results).map(([variant, runs]) => [variant, cell(runs)]));
      const lost = (runs) => (lostPercent(runs) === 0 ? "0" : `${fixed(lostPercent(runs))} %`);
      return [
        [`${title}: lost`, told(lost)],
        [`${title}: peak RSS, MB`, told((runs) => fixed(median(runs.map((run) => run.peakMb)), 0))],
      ];
    },
  },
};

/** Every figure of every process. */
export function details({ title, job }, results) {
  const { columns } = FIGURES[job.measure];
  const rows = Object.entries(results).map(([variant, runs]) => [
    variant,
    ...Object.values(columns).map((cell) => runs.map(cell).join(" ")),
  ]);
  return `${title}\n${aligned([["variant", ...Object.keys(columns)], ...rows])}\n`;
}

function aligned(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  return rows
    .map((row) => row.map((cell, column) => String(cell).padEnd(widths[column])).join("  "))
    .join("\n");
}

const COLUMNS = {
  noop: "no-op",
  otlp: "batch processor + OTLP",
  langfuse: "`@langfuse/otel`",
  braintrust: "`@braintrust/otel`",
  apie: "apie-otel alone",
  both: "apie-otel and OTLP",
};

/** To stand in README.md between the `bench` marks. */
export function readmeTable(measured) {
  const rows = measured.flatMap(({ plan, results }) => FIGURES[plan.job.measure].rows(plan.title, results));
  const variants = Object.keys(COLUMNS);
  const lines = [
    ["", ...Object.values(COLUMNS)],
    ["", ...variants].map(() => "---"),
    ...rows.map(([title, cells]) => [title, ...variants.map((variant) => cells[variant] ?? "")]),
  ];
  return lines
    .map((cells) => `| ${cells.join(" | ")} |`.replaceAll(" |  |", " | |").replaceAll(" |  |", " | |"))
    .join("\n");
}
