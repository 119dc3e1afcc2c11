/** A client of ours under watch: everything it says to anybody, as text. */
import { DiagLogLevel, diag } from "@opentelemetry/api";
import { vi } from "vitest";
import { Apie, type ApieOptions } from "../../../src/index.ts";
import { cleanup, options, startServer } from "../../support/client.ts";
import { startOtel } from "../../support/otel.ts";
import type { RecordingApie } from "../../support/recording-apie.ts";

export interface Watched {
  apie: Apie;
  server: RecordingApie;
  /** What was printed, logged, told to hooks, thrown and reported, and what stands in the diagnostics. */
  said(): string;
  /** That, and all that was sent: addresses, headers, bodies. */
  everything(): string;
  /** Flushes, and keeps what is reported or thrown. */
  flush(): Promise<void>;
}

type Write = typeof process.stdout.write;

/** @param more what `onError` is given is kept, whatever is given here. */
export async function watch(more: ApieOptions = {}): Promise<Watched> {
  const server = await startServer();
  const told: string[] = [];
  const keep = (...what: unknown[]): void => void told.push(what.map(shown).join(" "));
  const spies = [
    ...(["log", "info", "warn", "error", "debug", "trace"] as const).map((method) =>
      vi.spyOn(console, method).mockImplementation(keep),
    ),
    ...[process.stdout, process.stderr].map((stream) =>
      vi.spyOn(stream, "write").mockImplementation(((chunk: string | Uint8Array) => {
        keep(String(chunk));
        return true;
      }) as Write),
    ),
  ];
  const onUnheard = (reason: unknown): void => keep("unheard", reason);
  process.on("unhandledRejection", onUnheard);
  diag.setLogger(
    { verbose: keep, debug: keep, info: keep, warn: keep, error: keep },
    { logLevel: DiagLogLevel.ALL, suppressOverrideMessage: true },
  );
  const apie = new Apie(
    options(server, {
      onDrop: (info) => {
        const { event, ...rest } = info;
        keep("dropped", rest, event);
      },
      onError: "warn",
      ...more,
    }),
  );
  cleanup(async () => {
    await apie.shutdown().catch(keep);
    for (const spy of spies) spy.mockRestore();
    diag.disable();
    process.off("unhandledRejection", onUnheard);
  });
  const said = (): string => `${told.join("\n")}\n${shown(apie.queueDiagnostics())}`;
  return {
    apie,
    server,
    said,
    everything: () => `${said()}\n${server.everything}`,
    flush: async () => keep("report", await apie.flush().catch((error: unknown) => error)),
  };
}

/** The same with a provider, so that what is written with our API is seen. */
export async function watchApi(more: ApieOptions = {}): Promise<Watched> {
  const watched = await watch(more);
  const otel = startOtel({ processors: [watched.apie.spanProcessor] });
  cleanup(() => otel.close());
  return watched;
}

/** All there is to see of a value: of an error its message, stack, cause and members. */
export function shown(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Error) {
    const members = Object.fromEntries(Object.entries(value));
    return `${value.name}: ${value.message}\n${value.stack}\n${JSON.stringify(members)}\n${value.cause === undefined ? "" : shown(value.cause)}`;
  }
  return (
    JSON.stringify(value, (_name, member: unknown) => (member instanceof Error ? shown(member) : member)) ??
    ""
  );
}
