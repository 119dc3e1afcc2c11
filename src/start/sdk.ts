/**
 * The OpenTelemetry SDK packages `startApie` sets up. They are the application's, of any supported line, and are loaded only
 * here: looked for from the application's folder first, then from ours.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { ApieError } from "../model/errors.ts";
import type { SamplerLike } from "../sampling/index.ts";

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

/** SDK 2.x (`sdk-trace-base`) and 3.x (`sdk-trace`), as far as they are used. */
interface TraceSdk {
  BasicTracerProvider?: new (config: object) => Provider;
  TracerProvider?: new (config: object) => Provider;
  BatchSpanProcessor: new (exporterOrOptions: unknown) => Processor;
  AlwaysOnSampler?: new () => SamplerLike;
  AlwaysOffSampler?: new () => SamplerLike;
  ParentBasedSampler?: new (config: { root: SamplerLike }) => SamplerLike;
  TraceIdRatioBasedSampler?: new (ratio: number) => SamplerLike;
  createAlwaysOnSampler?: () => SamplerLike;
  createAlwaysOffSampler?: () => SamplerLike;
  createParentBasedSampler?: (config: { root: SamplerLike }) => SamplerLike;
  createTraceIdRatioBasedSampler?: (ratio: number) => SamplerLike;
}

interface Core {
  CompositePropagator: new (config: { propagators: unknown[] }) => unknown;
  W3CTraceContextPropagator: new () => unknown;
  W3CBaggagePropagator: new () => unknown;
}

interface Resources {
  defaultResource(): Resource;
  resourceFromAttributes(attributes: Record<string, unknown>): Resource;
  detectResources(config: { detectors: unknown[] }): Resource;
  envDetector: unknown;
}

export interface Sdk {
  trace: TraceSdk;
  core: Core;
  resources: Resources;
  contextManager: new () => { enable(): unknown };
  /** Absent when nothing is exported over OTLP. */
  otlpExporter: (new (config?: object) => unknown) | undefined;
}

const TRACE_PACKAGES = ["@opentelemetry/sdk-trace-base", "@opentelemetry/sdk-trace"];

/** What `npm install` needs; versions are left to npm, which picks a set that fits the Node it runs on. */
const INSTALL =
  "npm install @opentelemetry/api @opentelemetry/sdk-trace-base @opentelemetry/resources @opentelemetry/core @opentelemetry/context-async-hooks @opentelemetry/exporter-trace-otlp-http";

type Load = (name: string) => unknown;

function loader(): Load {
  const places = [join(process.cwd(), "noop.js"), import.meta.url].map((place) => createRequire(place));
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

/** @throws {ApieError} code `missing_package`, naming the package and the command that installs all of them. */
export function loadSdk(withOtlp: boolean): Sdk {
  const load = loader();
  const exporter = withOtlp
    ? needed<{ OTLPTraceExporter: new (config?: object) => unknown }>(
        load,
        "@opentelemetry/exporter-trace-otlp-http",
      )
    : undefined;
  return {
    trace: needed<TraceSdk>(load, ...TRACE_PACKAGES),
    core: needed<Core>(load, "@opentelemetry/core"),
    resources: needed<Resources>(load, "@opentelemetry/resources"),
    contextManager: needed<{ AsyncLocalStorageContextManager: Sdk["contextManager"] }>(
      load,
      "@opentelemetry/context-async-hooks",
    ).AsyncLocalStorageContextManager,
    otlpExporter: exporter?.OTLPTraceExporter,
  };
}

export function makeProvider({ trace }: Sdk, config: object): Provider {
  const Provider = trace.BasicTracerProvider ?? trace.TracerProvider;
  if (Provider === undefined)
    throw new ApieError("unknown_sdk", "the installed OpenTelemetry trace SDK has no provider we know");
  return new Provider(config);
}

/** SDK 2.x takes the exporter, 3.x an object of options. */
export function makeBatchProcessor({ trace }: Sdk, exporter: unknown): Processor {
  return trace.BasicTracerProvider === undefined
    ? new trace.BatchSpanProcessor({ exporter })
    : new trace.BatchSpanProcessor(exporter);
}

/**
 * The sampler of `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`, whose default is `parentbased_always_on`
 * (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).
 */
export function samplerFromEnvironment(
  { trace }: Sdk,
  env: Readonly<Record<string, string | undefined>>,
): SamplerLike {
  const make = {
    on: () => trace.createAlwaysOnSampler?.() ?? construct(trace.AlwaysOnSampler),
    off: () => trace.createAlwaysOffSampler?.() ?? construct(trace.AlwaysOffSampler),
    ratio: (ratio: number) =>
      trace.createTraceIdRatioBasedSampler?.(ratio) ?? construct(trace.TraceIdRatioBasedSampler, ratio),
    parent: (root: SamplerLike) =>
      trace.createParentBasedSampler?.({ root }) ?? construct(trace.ParentBasedSampler, { root }),
  };
  const given = Number(env.OTEL_TRACES_SAMPLER_ARG);
  const ratio = env.OTEL_TRACES_SAMPLER_ARG !== undefined && given >= 0 && given <= 1 ? given : 1;
  const named: Readonly<Record<string, () => SamplerLike>> = {
    always_on: make.on,
    always_off: make.off,
    traceidratio: () => make.ratio(ratio),
    parentbased_always_on: () => make.parent(make.on()),
    parentbased_always_off: () => make.parent(make.off()),
    parentbased_traceidratio: () => make.parent(make.ratio(ratio)),
  };
  return (named[env.OTEL_TRACES_SAMPLER?.trim() ?? ""] ?? named.parentbased_always_on ?? make.on)();
}

function construct<Args extends unknown[], T>(
  Class: (new (...args: Args) => T) | undefined,
  ...args: Args
): T {
  if (Class === undefined)
    throw new ApieError("unknown_sdk", "the installed OpenTelemetry trace SDK lacks a sampler");
  return new Class(...args);
}
