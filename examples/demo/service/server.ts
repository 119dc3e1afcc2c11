/**
 * The service: a support desk over HTTP.
 *
 *   POST /conversations/:id/messages  {"text": "…", "stream": true}   the agent's answer as text
 *   POST /conversations/:id/close
 *   POST /telemetry/flush                                             sends what is waiting, tells what became of it
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { z } from "zod";
import { apie } from "./apie.ts";
import { closeAllConversations, closeConversation, openConversation } from "./conversations.ts";
import { connectHelpCenter } from "./help-center.ts";
import { otlp, sdk } from "./instrumentation.ts";
import { answer, streamAnswer } from "./support-agent.ts";

const MESSAGE = z.object({ text: z.string().min(1), stream: z.boolean().default(false) });

const helpCenter = await connectHelpCenter();

async function handleMessage(id: string, body: unknown, response: ServerResponse): Promise<void> {
  const { text, stream } = MESSAGE.parse(body);
  const { session, messages } = await openConversation(id);
  messages.push({ role: "user", content: text });

  // One message, one run. Everything the AI SDK does inside is found by its spans; nothing is passed along.
  const pieces = await apie.sessions.resume(session, () =>
    apie.withRun({ inputSummary: text, trigger: "user_message" }, async (run) => {
      response.setHeader("x-run-id", run.id);
      response.setHeader("x-run-trace", run.traceparent ?? "");
      // The run of a stream goes on until the stream has been read.
      return stream ? streamAnswer(messages, helpCenter.tools) : [await answer(messages, helpCenter.tools)];
    }),
  );

  let whole = "";
  for await (const piece of pieces) {
    response.write(piece);
    whole += piece;
  }
  messages.push({ role: "assistant", content: whole });
  response.end();
}

/** Both destinations are told apart: one that is down takes nothing from the other. */
async function flushTelemetry(): Promise<unknown> {
  const [toApie, toOtlp] = await Promise.allSettled([apie.flush(), otlp.forceFlush()]);
  return {
    apie: toApie.status === "fulfilled" ? toApie.value : { error: String(toApie.reason) },
    otlp: toOtlp.status === "fulfilled" ? { ok: true } : { ok: false, error: String(toOtlp.reason) },
  };
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, collection, id = "", action] = (request.url ?? "").split("/");
  const route = `${request.method} /${collection}/${action ?? id}`;
  if (route === "POST /conversations/messages") {
    await handleMessage(id, await json(request), response);
  } else if (route === "POST /conversations/close") {
    response.writeHead(closeConversation(id) ? 204 : 404).end();
  } else if (route === "POST /telemetry/flush") {
    response.end(JSON.stringify(await flushTelemetry()));
  } else {
    response.writeHead(404).end(`There is no ${request.method} ${request.url}\n`);
  }
}

const server = createServer((request, response) => {
  handle(request, response).catch((error: unknown) => {
    const isTheirs = error instanceof z.ZodError || error instanceof SyntaxError;
    if (!response.headersSent) response.writeHead(isTheirs ? 400 : 502);
    response.end(isTheirs ? `${error.message}\n` : "The agent failed, please try again.\n");
  });
});

server.listen(Number(process.env.PORT ?? 8080), "127.0.0.1", () => {
  console.log(`Listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

let isStopping = false;

async function stop(): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  server.close();
  closeAllConversations();
  await helpCenter.close();
  // Shuts both span processors down, so it sends what is waiting, to both destinations.
  await sdk.shutdown();
}

for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => void stop());
