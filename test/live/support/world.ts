/**
 * Real libraries at work in process: a scripted model server, a real SDK that exports over OTLP/HTTP to a receiver, and,
 * where it is wanted, our processor with an Apie that records what it is told.
 */
import { type Tracer, trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { type BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { expect } from "vitest";
import { type ModelServer, type Script, startModelServer } from "../../../examples/support/model-server.ts";
import { Apie, type ApieOptions, ApieSpanProcessor } from "../../../src/index.ts";
import { options, startServer } from "../../support/client.ts";
import { startOtel } from "../../support/otel.ts";
import { OtlpReceiver, type ReceivedSpan } from "../../support/otlp-receiver.ts";
import type { RecordingApie } from "../../support/recording-apie.ts";
import { exportedOf } from "./exported.ts";

export interface World {
  readonly model: ModelServer;
  readonly provider: BasicTracerProvider;
  /** Of the application. */
  readonly tracer: Tracer;
  /** Ours, where the application uses our API as well. */
  readonly apie: Apie | undefined;
  /** What records what Apie is told, where it is told. */
  readonly told: RecordingApie | undefined;
}

export interface Scene {
  readonly script?: Script;
  /** The application uses our API as well. */
  readonly hasClient?: boolean;
  /** Names of the spans that are exported of it without us: what the library wrote, and ended. */
  readonly exports: readonly string[];
  act(world: World): Promise<void>;
}

const NO_MODEL: Script = () => [];

/** Ours, in a service. */
interface Bridge {
  readonly processor: ApieSpanProcessor;
  readonly apie: Apie | undefined;
  readonly told: RecordingApie;
}

/** What the application exports of a scene, with us or without. */
async function play({ script = NO_MODEL, act }: Scene, bridge?: Bridge): Promise<ReceivedSpan[]> {
  const receiver = await OtlpReceiver.start();
  const model = await startModelServer(script);
  const exporting = new BatchSpanProcessor(new OTLPTraceExporter({ url: `${receiver.url}/v1/traces` }));
  const otel = startOtel({ processors: bridge === undefined ? [exporting] : [bridge.processor, exporting] });
  const { provider } = otel;
  try {
    await act({ model, provider, tracer: trace.getTracer("app"), apie: bridge?.apie, told: bridge?.told });
  } finally {
    // Sends what both sides still have.
    await otel.close();
    await model.close();
    await receiver.close();
  }
  return receiver.spans;
}

async function playWithUs(
  scene: Scene,
  more: ApieOptions,
): Promise<{ told: RecordingApie; spans: readonly ReceivedSpan[] }> {
  const told = await startServer();
  const given = options(told, more);
  const apie = scene.hasClient === true ? new Apie(given) : undefined;
  const processor = apie?.spanProcessor ?? new ApieSpanProcessor(given);
  return { told, spans: await play(scene, { processor, apie, told }) };
}

export interface Watched {
  /** What Apie was told with `captureContent` off. */
  readonly quiet: RecordingApie;
  /** What Apie was told with `captureContent` on. */
  readonly open: RecordingApie;
}

/** Plays a scene without us, with us, and with us and content: what is exported over OTLP is the same each time. */
export async function watch(scene: Scene): Promise<Watched> {
  const without = await play(scene);
  const quiet = await playWithUs(scene, { captureContent: false });
  const open = await playWithUs(scene, { captureContent: true });
  expect(without.map(({ name }) => name).toSorted()).toEqual(scene.exports.toSorted());
  const expected = exportedOf(without);
  expect(exportedOf(quiet.spans)).toEqual(expected);
  expect(exportedOf(open.spans)).toEqual(expected);
  return { quiet: quiet.told, open: open.told };
}
