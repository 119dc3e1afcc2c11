/** apie-otel/start: OpenTelemetry and the bridge in one call, for services without OpenTelemetry. */
export { type Started, type StartOptions, startApie } from "./start-apie.ts";
