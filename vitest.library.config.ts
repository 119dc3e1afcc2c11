/** The library alone, without the local Apie and the examples, which need a newer Node. */
import { defineConfig, mergeConfig } from "vitest/config";
import base from "./vitest.config.ts";

const AREAS = [
  "apie-api",
  "api",
  "config",
  "conventions",
  "delivery",
  "diagnostics",
  "events",
  "guardrails",
  "imports",
  "integrations",
  "mcp",
  "privacy",
  "processor",
  "promises",
  "sampling",
  "sharing",
  "start",
  "tracking",
];

export default mergeConfig(
  { ...base, test: { ...base.test, include: [] } },
  defineConfig({ test: { include: AREAS.map((area) => `test/${area}/**/*.test.ts`) } }),
);
