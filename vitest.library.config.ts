/** The library alone, without the local Apie and the examples, which need a newer Node. */
import { defineConfig } from "vitest/config";
import { projects } from "./vitest.config.ts";

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

export default defineConfig({ test: { projects: projects(AREAS) } });
