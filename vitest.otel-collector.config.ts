/** What we emit, through a real OpenTelemetry Collector: `npm run test:otel-collector`. Builds one the first time. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/otel-collector/**/*.test.ts"],
    globalSetup: ["test/otel-collector/build.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
  },
});
