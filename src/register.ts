/**
 * `node --import apie-otel/register app.js`: starts OpenTelemetry and the bridge before the application, from `apie.config.*`
 * and the environment, and stops both when the process ends. Synchronous, so that the first span is seen.
 */
import { readConfigFileSync } from "./config/index.ts";
import { optionsOf, startWith, stopOnExit } from "./start/index.ts";

function register(): void {
  try {
    const file = readConfigFileSync();
    const started = startWith(optionsOf(file?.path, file?.value));
    stopOnExit(started);
  } catch (error) {
    // Telemetry that cannot start must not keep the application from starting.
    console.error(`[apie-otel] not started: ${error instanceof Error ? error.message : String(error)}`);
  }
}

register();
