/** `startApie` in this process, against servers that record. */
import { context, propagation, trace } from "@opentelemetry/api";
import { vi } from "vitest";
import { type Started, type StartOptions, startApie } from "../../src/start/index.ts";
import { cleanup, options, startServer } from "../support/client.ts";
import { OtlpReceiver } from "../support/otlp-receiver.ts";
import type { RecordingApie } from "../support/recording-apie.ts";

export interface Destinations {
  server: RecordingApie;
  receiver: OtlpReceiver;
}

export async function destinations(): Promise<Destinations> {
  const receiver = await OtlpReceiver.start();
  cleanup(() => receiver.close());
  return { server: await startServer(), receiver };
}

/** Sets variables for the test. */
export function environment(variables: Record<string, string>): void {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  cleanup(async () => void vi.unstubAllEnvs());
}

/** What is registered globally is taken back after the test. */
export function restoreGlobals(): void {
  cleanup(async () => {
    trace.disable();
    context.disable();
    propagation.disable();
  });
}

export async function start(server: { url: string }, more: StartOptions = {}): Promise<Started> {
  restoreGlobals();
  const started = await startApie({ ...options(server), ...more } as StartOptions);
  cleanup(() => started.shutdown());
  return started;
}

/** Work as an instrumented library writes it: an agent that asks a model once. */
export function ask(): void {
  const tracer = trace.getTracer("library");
  tracer.startActiveSpan(
    "invoke_agent Desk",
    { attributes: { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "Desk" } },
    (agent) => {
      tracer
        .startSpan("chat m", { attributes: { "gen_ai.operation.name": "chat", "gen_ai.request.model": "m" } })
        .end();
      agent.end();
    },
  );
}
