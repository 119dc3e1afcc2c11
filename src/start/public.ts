/** apie-otel/start: OpenTelemetry and the bridge in one call, for services without OpenTelemetry. */
export type { StartOptions } from "./options.ts";
export { type Started, startApie } from "./start-apie.ts";
