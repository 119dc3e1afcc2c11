/**
 * A program that `register.ts` was imported before. It asks once, then does what its first argument says. What a library does
 * is written with the plain OpenTelemetry API, as `ask` of support.ts does.
 */
import { SpanStatusCode, trace } from "@opentelemetry/api";

const tracer = trace.getTracer("library");

function agent(name: string) {
  return tracer.startSpan(`invoke_agent ${name}`, {
    attributes: { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": name },
  });
}

const staysOpen = () => setInterval(() => undefined, 1_000);

const ENDINGS: Record<string, () => void> = {
  /** The event loop runs dry. */
  nothing: () => undefined,
  /** The event loop runs dry, after a run that has an event of its own. */
  error: () => {
    const failed = agent("Failed");
    failed.setStatus({ code: SpanStatusCode.ERROR });
    failed.end();
  },
  /** A server that knows nothing of signals. */
  serve: staysOpen,
  /** A run is under way when the signal comes. */
  "serve-busy": () => {
    agent("Busy");
    staysOpen();
  },
  /** A server that finishes what it has begun: until the test has seen that the first run arrived. */
  drain: () => {
    const server = staysOpen();
    process.once("SIGTERM", () => {
      const late = agent("Late");
      process.once("SIGUSR2", () => {
        late.end();
        clearInterval(server);
      });
      console.log("draining");
    });
  },
  /** A server with an end of its own: at once, or once what it has to do is done. */
  "exit-on-signal": () => {
    staysOpen();
    process.on("SIGTERM", () => process.exit(7));
  },
  "close-on-signal": () => {
    const server = staysOpen();
    process.on("SIGINT", async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      agent("Last").end();
      process.exitCode = 4;
      clearInterval(server);
    });
  },
  exit: () => process.exit(3),
  throw: () => {
    throw new Error("the application's own");
  },
};

agent("Desk").end();
ENDINGS[process.argv[2] ?? "nothing"]?.();
console.log("ready");
