/** One instance of a service, in a process of its own: does what it is told, and says what became of it. */
import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { Apie } from "apie-otel";
import { redisSessionStore } from "apie-otel/integrations";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { options } from "./options.ts";

const { url, port, library, ttlMs } = options();

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

const quiet = (): void => undefined;

async function redisStore() {
  const client = createClient({
    socket: { host: "127.0.0.1", port, reconnectStrategy: 50 },
  });
  client.on("error", quiet);
  await client.connect();
  return { store: redisSessionStore(client, { ttlMs }), close: () => client.destroy() };
}

function ioredisStore() {
  const client = new Redis(port, "127.0.0.1", { retryStrategy: () => 50, maxRetriesPerRequest: null });
  client.on("error", quiet);
  return { store: redisSessionStore(client, { ttlMs }), close: () => client.disconnect() };
}

const { store, close } = library === "redis" ? await redisStore() : ioredisStore();
const problems: string[] = [];
const apie = new Apie({
  apiKey: "apie_sk_test_key",
  baseUrl: url,
  agent: { key: "support", name: "Support" },
  sessionStore: store,
  flushIntervalMs: 20,
  tracerProvider: { getTracer: (...args) => provider.getTracer(...args) },
  onError: ({ code }) => problems.push(code),
});
const provider = new BasicTracerProvider({ spanProcessors: [apie.spanProcessor as never] });

export interface Answer {
  report: Awaited<ReturnType<typeof apie.flush>>;
  diagnostics: ReturnType<typeof apie.queueDiagnostics>;
  problems: string[];
}

const turn = (conversationId: string): Promise<void> =>
  apie.withRun({ conversationId }, () => apie.track({ type: "at.work" }));

process.on("message", async ({ turns, shutdown }: { turns?: string[]; shutdown?: true }) => {
  await Promise.all((turns ?? []).map(turn));
  const report = shutdown === true ? await apie.shutdown() : await apie.flush();
  process.send?.({ report, diagnostics: apie.queueDiagnostics(), problems } satisfies Answer);
  if (shutdown === true) {
    close();
    process.disconnect();
  }
});
process.send?.("ready");
