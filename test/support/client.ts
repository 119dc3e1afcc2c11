/** A client of ours against a recording Apie, in a real SDK. */
import { afterEach } from "vitest";
import { Apie, type ApieOptions } from "../../src/index.ts";
import { type Otel, type OtelOptions, startOtel } from "./otel.ts";
import { RecordingApie } from "./recording-apie.ts";

export interface Setup {
  server: RecordingApie;
  apie: Apie;
  otel: Otel;
}

const cleanups: (() => Promise<unknown>)[] = [];

/** Closed in reverse order after the test. */
export function cleanup(run: () => Promise<unknown>): void {
  cleanups.push(run);
}

afterEach(async () => {
  for (const run of cleanups.splice(0).reverse()) await run();
});

export const AGENT = { key: "support", name: "Support" };

export async function startServer(port?: number): Promise<RecordingApie> {
  const server = await RecordingApie.start(port);
  cleanup(() => server.close());
  return server;
}

/** Options that make a test quick and quiet; give others to override them. */
export function options(server: { url: string }, more: ApieOptions = {}): ApieOptions {
  return {
    apiKey: "apie_sk_test_key",
    baseUrl: server.url,
    agent: AGENT,
    flushIntervalMs: 50,
    retryBaseDelayMs: 5,
    flushTimeoutMs: 5_000,
    shutdownTimeoutMs: 2_000,
    onError: "silent",
    ...more,
  };
}

/** Server, client and SDK, put together; everything is closed after the test. */
export async function setup(more: ApieOptions = {}, otelOptions: OtelOptions = {}): Promise<Setup> {
  const server = await startServer();
  const apie = new Apie(options(server, more));
  const otel = startOtel({
    ...otelOptions,
    processors: [apie.spanProcessor, ...(otelOptions.processors ?? [])],
  });
  cleanup(async () => {
    // Rejects with `onError: "throw"` when the test made something be lost.
    await apie.shutdown().catch(() => undefined);
    await otel.close();
  });
  return { server, apie, otel };
}
