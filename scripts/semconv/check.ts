/**
 * Checks the registry in `semconv/` without Weaver: `node scripts/semconv/check.ts [project folder]`.
 * Prints every problem with file, key and fix, and exits with 1 when there is one.
 */
import { registryForCommand } from "./cli.ts";
import { PROJECT_ROOT } from "./sources.ts";

const registry = registryForCommand(process.argv[2] ?? PROJECT_ROOT);
if (registry !== undefined) {
  console.log(
    `semconv ${registry.version}: ${registry.attributes.size} attributes, ${registry.spans.length} spans, ` +
      `${registry.upstream.size} upstream attributes, no problem`,
  );
}
