import { defineConfig } from "tsdown";

/** The library: ESM and CommonJS with types for both. What it depends on stays outside. */
const library = defineConfig({
  entry: {
    index: "src/index.ts",
    start: "src/start/public.ts",
    register: "src/register.ts",
    events: "src/events/public.ts",
    semconv: "src/semconv/index.ts",
    integrations: "src/integrations/index.ts",
    mcp: "src/mcp/index.ts",
    imports: "src/imports/index.ts",
    local: "src/local/public.ts",
  },
  format: ["esm", "cjs"],
  target: "node20.19",
  platform: "node",
  dts: true,
  fixedExtension: true,
  sourcemap: false,
  clean: true,
  // The local Apie's own libraries are no dependency of this package: they are bundled with it.
  deps: {
    alwaysBundle: [/^hono/, /^@hono\//, /^protobufjs/, /^long/],
    neverBundle: ["@opentelemetry/api", "zod"],
  },
});

/** The command line: one ESM program that needs nothing else installed. */
const cli = defineConfig({
  entry: { cli: "src/cli/main.ts" },
  format: ["esm"],
  target: "node20.19",
  platform: "node",
  dts: false,
  fixedExtension: true,
  clean: false,
  deps: { alwaysBundle: [/./], neverBundle: ["@opentelemetry/api", "zod"] },
});

export default [library, cli];
