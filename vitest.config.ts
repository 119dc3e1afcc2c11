import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Needs a Collector, which takes minutes to build: vitest.otel-collector.config.ts.
    exclude: ["test/otel-collector/**"],
    testTimeout: 20_000,
    // Global OpenTelemetry state is per process: each file gets its own.
    pool: "forks",
    isolate: true,
  },
});
