/**
 * The OpenTelemetry SDK packages `startApie` sets up. They are the application's, of SDK 2.x or 3.x, and are loaded only here:
 * looked for from the application's folder first, then from ours.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { ApieError } from "../model/errors.ts";
import type { SamplerLike } from "../sampling/index.ts";
import { OTLP_PACKAGES, type PropagatorName, type SamplerChoice, type SamplerName } from "./environment.ts";

interface Processor {
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

export interface Provider {
  getTracer(name: string, version?: string, options?: { schemaUrl?: string }): unknown;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

interface Resource {
  merge(other: Resource): Resource;
}

type Made<T, Args extends unknown[] = []> = new (...args: Args) => T;

/** SDK 2.x (`sdk-trace-base`) and 3.x (`sdk-trace`), as far as they are used. */
interface TraceSdk {
  BasicTracerProvider?: Made<Provider, [config: object]>;
  TracerProvider?: Made<Provider, [config: object]>;
  BatchSpanProcessor: Made<Processor, [exporterOrOptions: unknown]>;
  SimpleSpanProcessor: Made<Processor, [exporterOrOptions: unknown]>;
  ConsoleSpanExporter: Made<unknown>;
  AlwaysOnSampler?: Made<SamplerLike>;
  AlwaysOffSampler?: Made<SamplerLike>;
  ParentBasedSampler?: Made<SamplerLike, [config: { root: SamplerLike }]>;
  TraceIdRatioBasedSampler?: Made<SamplerLike, [ratio: number]>;
  createAlwaysOnSampler?: () => SamplerLike;
  createAlwaysOffSampler?: () => SamplerLike;
  createParentBasedSampler?: (config: { root: SamplerLike }) => SamplerLike;
  createTraceIdRatioBasedSampler?: (ratio: number) => SamplerLike;
}

interface Core {
  CompositePropagator: Made<unknown, [config: { propagators: unknown[] }]>;
  W3CTraceContextPropagator: Made<unknown>;
  W3CBaggagePropagator: Made<unknown>;
}

interface Resources {
  defaultResource(): Resource;
  resourceFromAttributes(attributes: Record<string, unknown>): Resource;
  detectResources(config: { detectors: unknown[] }): Resource;
  envDetector: unknown;
}

type OtlpExporter = Made<unknown, [config?: object]>;

export interface Sdk {
  trace: TraceSdk;
  core: Core;
  resources: Resources;
  contextManager: Made<{ enable(): unknown }>;
  /** Absent when nothing is exported over OTLP. */
  otlpExporter: OtlpExporter | undefined;
}

const TRACE_PACKAGES = ["@opentelemetry/sdk-trace-base", "@opentelemetry/sdk-trace"];

/**
 * What `npm install` needs. Versions are left to npm, which picks a set that fits the Node it runs on; `sdk-trace-base` has
 * none that goes with the API of 3.x.
 */
const INSTALL = `npm install @opentelemetry/api @opentelemetry/sdk-trace @opentelemetry/resources @opentelemetry/core @opentelemetry/context-async-hooks ${OTLP_PACKAGES["http/protobuf"]}`;

type Load = (name: string) => unknown;

function loader(): Load {
  // A bundler that writes CommonJS leaves nothing of `import.meta`.
  const here = import.meta.url as string | undefined;
  const places = [join(process.cwd(), "noop.js"), ...(here === undefined ? [] : [here])].map((place) =>
    createRequire(place),
  );
  return (name) => {
    for (const require of places) {
      try {
        return require(name);
      } catch (error) {
        if ((error as { code?: string }).code !== "MODULE_NOT_FOUND") throw error;
      }
    }
    return undefined;
  };
}

function needed<T>(load: Load, ...names: string[]): T {
  for (const name of names) {
    const found = load(name);
    if (found !== undefined) return found as T;
  }
  throw new ApieError(
    "missing_package",
    `startApie needs ${names.join(" or ")}, which is not installed: ${INSTALL}`,
  );
}

/**
 * @param otlp packages that export over OTLP, any of which will do; none when nothing is exported.
 * @throws {ApieError} code `missing_package`, naming the package and the command that installs all of them; `unknown_sdk`.
 */
export function loadSdk(otlp: readonly string[]): Sdk {
  const load = loader();
  const sdk: Sdk = {
    trace: needed<TraceSdk>(load, ...TRACE_PACKAGES),
    core: needed<Core>(load, "@opentelemetry/core"),
    resources: needed<Resources>(load, "@opentelemetry/resources"),
    contextManager: needed<{ AsyncLocalStorageContextManager: Sdk["contextManager"] }>(
      load,
      "@opentelemetry/context-async-hooks",
    ).AsyncLocalStorageContextManager,
    otlpExporter:
      otlp.length === 0
        ? undefined
        : needed<{ OTLPTraceExporter: OtlpExporter }>(load, ...otlp).OTLPTraceExporter,
  };
  if (sdk.resources.resourceFromAttributes === undefined)
    throw unknownSdk(
      "is older than 2.0: startApie sets up 2.x and 3.x; add ApieSpanProcessor to a provider of your own instead",
    );
  return sdk;
}

const unknownSdk = (what: string): ApieError =>
  new ApieError("unknown_sdk", `the installed OpenTelemetry SDK ${what}`);

export function makeProvider({ trace }: Sdk, config: object): Provider {
  const Provider = trace.BasicTracerProvider ?? trace.TracerProvider;
  if (Provider === undefined) throw unknownSdk("has no tracer provider we know");
  return new Provider(config);
}

/** The processors of SDK 2.x take the exporter, and read their settings themselves; those of 3.x take an object of both. */
const takesExporter = ({ trace }: Sdk): boolean => trace.BasicTracerProvider !== undefined;

export function makeBatchProcessor(sdk: Sdk, exporter: unknown, settings: object): Processor {
  const { BatchSpanProcessor } = sdk.trace;
  return new BatchSpanProcessor(takesExporter(sdk) ? exporter : { exporter, ...settings });
}

export function makeConsoleProcessor(sdk: Sdk): Processor {
  const { ConsoleSpanExporter, SimpleSpanProcessor } = sdk.trace;
  const exporter = new ConsoleSpanExporter();
  return new SimpleSpanProcessor(takesExporter(sdk) ? exporter : { exporter });
}

export function makePropagator({ core }: Sdk, names: readonly PropagatorName[]): unknown {
  const classes = { tracecontext: core.W3CTraceContextPropagator, baggage: core.W3CBaggagePropagator };
  return new core.CompositePropagator({ propagators: names.map((name) => new classes[name]()) });
}

export function makeSampler({ trace }: Sdk, { root, parentBased, ratio }: SamplerChoice): SamplerLike {
  const roots: Readonly<Record<SamplerName, () => SamplerLike>> = {
    always_on: () => trace.createAlwaysOnSampler?.() ?? construct(trace.AlwaysOnSampler),
    always_off: () => trace.createAlwaysOffSampler?.() ?? construct(trace.AlwaysOffSampler),
    traceidratio: () =>
      trace.createTraceIdRatioBasedSampler?.(ratio) ?? construct(trace.TraceIdRatioBasedSampler, ratio),
  };
  const sampler = roots[root]();
  if (!parentBased) return sampler;
  return (
    trace.createParentBasedSampler?.({ root: sampler }) ??
    construct(trace.ParentBasedSampler, { root: sampler })
  );
}

function construct<Args extends unknown[], T>(Class: Made<T, Args> | undefined, ...args: Args): T {
  if (Class === undefined) throw unknownSdk("lacks a sampler");
  return new Class(...args);
}
