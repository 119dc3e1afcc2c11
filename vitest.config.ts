import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 20_000,
    // Global OpenTelemetry state is per process: each file gets its own.
    pool: "forks",
    isolate: true,
  },
});
