import type { Registry } from "../registry.ts";
import { CODE_HEADER, literal } from "./text.ts";

/** `schema-url.ts`: the registry's identity, to name in telemetry. */
export function emitSchemaUrl(registry: Registry): string {
  return `${CODE_HEADER}

/** Schema URL of the convention, for \`getTracer(name, version, { schemaUrl: SCHEMA_URL })\`. */
export const SCHEMA_URL = ${literal(registry.schemaUrl)};

/** Version of the convention, the last part of its schema URL. */
export const SCHEMA_VERSION = ${literal(registry.version)};
`;
}
