/** A service with Redis instrumentation whose session store is in the same Redis. Prints the names of the spans it made. */
import { createRequire } from "node:module";
import { registerInstrumentations } from "@opentelemetry/instrumentation";
import { IORedisInstrumentation } from "@opentelemetry/instrumentation-ioredis";
import { RedisInstrumentation } from "@opentelemetry/instrumentation-redis";
import { Apie } from "apie-otel";
import { redisSessionStore } from "apie-otel/integrations";
import { inputOfChild } from "../api/support/child.ts";
import { startOtel } from "../support/otel.ts";
import type { InstanceOptions } from "./options.ts";

const { url, port, library } = inputOfChild<InstanceOptions>();
registerInstrumentations({ instrumentations: [new RedisInstrumentation(), new IORedisInstrumentation()] });
// Instrumentation reaches what is required after it.
const require = createRequire(import.meta.url);

async function connected() {
  if (library === "redis") {
    const { createClient } = require("redis") as typeof import("redis");
    const client = await createClient({ socket: { host: "127.0.0.1", port } }).connect();
    return { client, close: () => client.destroy() };
  }
  const { Redis } = require("ioredis") as typeof import("ioredis");
  const client = new Redis(port, "127.0.0.1");
  await client.ping();
  return { client, close: () => client.disconnect() };
}

const { client, close } = await connected();
const apie = new Apie({
  apiKey: "apie_sk_test_key",
  baseUrl: url,
  agent: { key: "support", name: "Support" },
  sessionStore: redisSessionStore(client),
});
const otel = startOtel({ processors: [apie.spanProcessor] });
await apie.withRun({ conversationId: "chat" }, async (run) => {
  await client.get("something");
  // Until then the store is asked.
  await run.apieId();
  apie.track({ type: "at.work" });
});
const report = await apie.flush();
if (!report.ok) throw new Error(JSON.stringify(report));
console.log(JSON.stringify(otel.spans().map(({ name }) => name)));
await apie.shutdown();
await otel.close();
close();
