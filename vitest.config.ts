import { availableParallelism } from "node:os";
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";

type ProjectConfig = TestProjectInlineConfiguration["test"];

/** Hold their subject to a time, be it a turn of the event loop, a deadline or a browser's scripting: nothing runs beside them. */
const MEASURING = [
  "test/delivery/flush.test.ts",
  "test/delivery/shutdown.test.ts",
  "test/events/redaction/linear.test.ts",
  "test/guardrails/crowd.test.ts",
  "test/guardrails/decisions.test.ts",
  "test/local/lifecycle.test.ts",
  "test/page/big.test.ts",
  "test/page/replay.test.ts",
  "test/processor/deadlines.test.ts",
  "test/processor/end-only-bounds.test.ts",
  "test/processor/wait-until.test.ts",
  "test/promises/seen-at-once.test.ts",
  "test/promises/stall.test.ts",
  "test/sharing/agreement.test.ts",
];

/**
 * Side by side where the machine can, then one by one what measures.
 *
 * @param areas folders of `test/`; all of them unless given.
 */
export function projects(areas?: readonly string[]): TestProjectInlineConfiguration[] {
  const include = areas?.map((area) => `test/${area}/**/*.test.ts`) ?? ["test/**/*.test.ts"];
  const measuring = MEASURING.filter(
    (file) => areas?.some((area) => file.startsWith(`test/${area}/`)) ?? true,
  );
  // Needs a Collector, which takes minutes to build: vitest.otel-collector.config.ts.
  const exclude = [...MEASURING, "test/otel-collector/**"];
  return [
    project("side by side", {
      include,
      exclude,
      maxWorkers: availableParallelism(),
      sequence: { groupOrder: 0 },
    }),
    project("measuring", { include: measuring, maxWorkers: 1, sequence: { groupOrder: 1 } }),
  ];
}

function project(name: string, own: ProjectConfig): TestProjectInlineConfiguration {
  // Global OpenTelemetry state is per process: each file gets its own.
  return { test: { name, testTimeout: 20_000, pool: "forks", isolate: true, ...own } };
}

export default defineConfig({ test: { projects: projects() } });
