/**
 * Noise and cost: a service with an HTTP server, outgoing requests and a database makes no event by what is no agent work, and
 * what it costs is a choice of its own.
 */
import http from "node:http";
import { createRequire } from "node:module";
import { SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { registerInstrumentations } from "@opentelemetry/instrumentation";
import { HttpInstrumentation } from "@opentelemetry/instrumentation-http";
import { UndiciInstrumentation } from "@opentelemetry/instrumentation-undici";
import { afterAll, expect, test } from "vitest";
import type { ApieOptions, Convention } from "../../src/index.ts";
import { cleanup, setup } from "../support/client.ts";

const instrumentations = [new HttpInstrumentation(), new UndiciInstrumentation()];
const disable = registerInstrumentations({ instrumentations });
// Patches the module, as it is for a service that registers its instrumentations first.
createRequire(import.meta.url)("node:http");
afterAll(() => disable());

const AGENT = { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "Desk" };
const CHAT = { "gen_ai.operation.name": "chat", "gen_ai.request.model": "m" };

/** As `@opentelemetry/instrumentation-pg` and `-express` write them. */
const query = (text: string): void => {
  const attributes = { "db.system.name": "postgresql", "db.query.text": text, "db.namespace": "shop" };
  const span = trace
    .getTracer("@opentelemetry/instrumentation-pg")
    .startSpan("pg.query:SELECT shop", { kind: SpanKind.CLIENT, attributes });
  if (text === "broken") span.setStatus({ code: SpanStatusCode.ERROR, message: "no such table" });
  span.end();
};
const middleware = (name: string): void => {
  const attributes = { "express.name": name, "express.type": "middleware" };
  trace
    .getTracer("@opentelemetry/instrumentation-express")
    .startSpan(`middleware - ${name}`, { attributes })
    .end();
};

/** A service; requests to `/agent` do agent work, others none. @returns asks it, and what it had recorded. */
async function service(options: ApieOptions = {}) {
  const { server, apie, otel } = await setup(options);
  for (const instrumentation of instrumentations) instrumentation.setTracerProvider(otel.provider);
  const backend = http.createServer((_request, response) => response.end("ok"));
  const shop = http.createServer(async (request, response) => {
    middleware("query");
    query("SELECT * FROM orders");
    await (await fetch(addressOf(backend))).text();
    if (request.url === "/broken") query("broken");
    if (request.url === "/agent") {
      await trace
        .getTracer("library")
        .startActiveSpan("invoke_agent Desk", { attributes: AGENT }, async (agent) => {
          trace.getTracer("library").startSpan("chat m", { kind: SpanKind.CLIENT, attributes: CHAT }).end();
          query("SELECT * FROM customers");
          await (await fetch(addressOf(backend))).text();
          agent.end();
        });
    }
    response.statusCode = request.url === "/broken" ? 500 : 200;
    response.end("done");
  });
  for (const one of [backend, shop]) {
    await new Promise<void>((resolve) => one.listen(0, "127.0.0.1", resolve));
    cleanup(async () => {
      one.closeAllConnections();
      one.close();
    });
  }
  const ask = (path: string): Promise<void> =>
    new Promise((resolve, reject) => {
      http.get(addressOf(shop) + path, (answer) => answer.resume().on("end", resolve)).on("error", reject);
    });
  return { server, apie, otel, ask };
}

function addressOf(server: http.Server): string {
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}

test("requests without agent work make nothing at Apie, whatever else is in them", async () => {
  const { server, apie, otel, ask } = await service();
  for (let i = 0; i < 5; i += 1) await ask("/orders");
  await ask("/broken");
  const report = await apie.flush();
  const names = new Set(otel.spans().map(({ name }) => name));
  for (const name of ["GET", "middleware - query", "pg.query:SELECT shop"]) expect(names).toContain(name);
  expect(otel.spans().length).toBeGreaterThan(25);
  expect(report).toMatchObject({ events: { delivered: 0 }, runs: { opened: 0 }, sessions: { opened: 0 } });
  expect(server.requests.map(({ path }) => path)).toEqual(["/v1/agents/identify"]);
});

test("of a request with agent work that is told, and none of what is around and below it", async () => {
  const { server, apie, ask } = await service();
  await ask("/agent");
  await apie.flush();
  expect(server.types).toEqual(["agent.llm.called", "agent.llm.completed"]);
  expect(server.to("/v1/runs")).toHaveLength(1);
  expect(server.everything).not.toMatch(/SELECT|customers|middleware|127\.0\.0\.1:\d+\/(?!v1)/);
});

test("touched resources are told where that is chosen, and only inside of runs", async () => {
  const { server, apie, ask } = await service({ touchedResources: ["database"] });
  await ask("/orders");
  await ask("/agent");
  await apie.flush();
  expect(server.types.toSorted()).toEqual([
    "agent.llm.called",
    "agent.llm.completed",
    "agent.resource.touched",
  ]);
});

test("what a convention of the service's own says is none, makes nothing", async () => {
  const quiet: Convention = {
    name: "quiet",
    read: ({ name }) => (name.startsWith("chat") ? { kind: "none", convention: "quiet" } : undefined),
  };
  const { server, apie, ask } = await service({ conventions: [quiet] });
  await ask("/agent");
  await apie.flush();
  expect(server.types).toEqual([]);
  expect(server.to("/v1/runs")).toHaveLength(1);
});

test("a convention that throws is passed over: the built-in ones decide, and it is told once", async () => {
  const told: string[] = [];
  const broken: Convention = {
    name: "broken",
    read: () => {
      throw new Error("broken");
    },
  };
  const { server, apie, ask } = await service({
    conventions: [broken],
    onError: ({ code }) => void told.push(code),
  });
  await ask("/orders");
  await ask("/agent");
  await apie.flush();
  expect(server.types).toEqual(["agent.llm.called", "agent.llm.completed"]);
  expect(told).toEqual(["a convention_failed"]);
});
