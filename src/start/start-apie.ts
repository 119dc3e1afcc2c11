/** Sets OpenTelemetry up for a service that has none: provider, context manager, OTLP export, and the bridge. */
import { context, propagation, trace } from "@opentelemetry/api";
import { Apie } from "../apie.ts";
import { type ApieOptions, mergeLayers, PACKAGE_NAME, readConfigFile } from "../config/index.ts";
import type { FlushReport } from "../delivery/index.ts";
import { ApieConfigError, ApieError } from "../model/errors.ts";
import { recordAgentSpans, type SamplerLike } from "../sampling/index.ts";
import { loadSdk, makeBatchProcessor, makeProvider, type Provider, samplerFromEnvironment } from "./sdk.ts";

export interface StartOptions extends Omit<ApieOptions, "forwardTo" | "tracerProvider"> {
  /**
   * Where spans go over OTLP/HTTP: an address and headers, or `false` for nowhere. Default: what `OTEL_EXPORTER_OTLP_ENDPOINT`
   * or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` names; nowhere when neither is set.
   */
  otlp?: { url?: string | undefined; headers?: Record<string, string> | undefined } | false | undefined;
  /** `service.name` of the resource. Default: `OTEL_SERVICE_NAME`, else the agent's key. */
  serviceName?: string | undefined;
  /** Further resource attributes. */
  resourceAttributes?: Record<string, string> | undefined;
  /** Default: `OTEL_TRACES_SAMPLER`. It is wrapped, so that agent runs reach Apie whatever it decides. */
  sampler?: SamplerLike | undefined;
}

export interface Started {
  apie: Apie;
  provider: Provider;
  /** Sends what is waiting, to both destinations. */
  flush(): Promise<FlushReport>;
  /** Closes open runs, sends what is waiting, and stops. */
  shutdown(): Promise<FlushReport>;
}

function exportsOtlp(otlp: StartOptions["otlp"]): boolean {
  if (otlp === false || process.env.OTEL_TRACES_EXPORTER?.trim() === "none") return false;
  const { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT } = process.env;
  return otlp !== undefined || Boolean(OTEL_EXPORTER_OTLP_ENDPOINT || OTEL_EXPORTER_OTLP_TRACES_ENDPOINT);
}

/** The proxy provider of the API delegates to nobody until a real one is registered. */
function hasProvider(): boolean {
  const provider = trace.getTracerProvider() as { getDelegateTracer?: (name: string) => unknown };
  return provider.getDelegateTracer === undefined || provider.getDelegateTracer(PACKAGE_NAME) !== undefined;
}

/** As `startApie`, with the options of the config file given. */
export function startWith(options: StartOptions): Started {
  if (hasProvider()) {
    throw new ApieError(
      "already_started",
      "startApie: a tracer provider is registered already: add new ApieSpanProcessor(…) to its span processors instead",
    );
  }
  const { otlp, serviceName, resourceAttributes, sampler, ...apieOptions } = options;
  const apie = new Apie(apieOptions);
  const withOtlp = exportsOtlp(otlp);
  const sdk = loadSdk(withOtlp);
  const { resources } = sdk;
  const named = resources.resourceFromAttributes({
    ...resourceAttributes,
    ...(serviceName === undefined && process.env.OTEL_SERVICE_NAME !== undefined
      ? {}
      : { "service.name": serviceName ?? apie.spanProcessor.config.agent.key }),
  });
  const detected = resources.detectResources({ detectors: [resources.envDetector] });
  const processors: unknown[] = [apie.spanProcessor];
  if (sdk.otlpExporter !== undefined) {
    processors.push(makeBatchProcessor(sdk, new sdk.otlpExporter(otlp === false ? undefined : otlp)));
  }
  const provider = makeProvider(sdk, {
    resource: resources.defaultResource().merge(detected).merge(named),
    spanProcessors: processors,
    sampler: recordAgentSpans(sampler ?? samplerFromEnvironment(sdk, process.env)),
  });
  trace.setGlobalTracerProvider(provider as never);
  const manager = new sdk.contextManager();
  manager.enable();
  // Both say no where the application has set its own: then that one stays.
  context.setGlobalContextManager(manager as never);
  propagation.setGlobalPropagator(
    new sdk.core.CompositePropagator({
      propagators: [new sdk.core.W3CTraceContextPropagator(), new sdk.core.W3CBaggagePropagator()],
    }) as never,
  );
  return {
    apie,
    provider,
    async flush() {
      const [report, exported] = await Promise.allSettled([apie.flush(), provider.forceFlush()]);
      return settled(report, exported);
    },
    async shutdown() {
      const report = await apie.shutdown().then(
        (value) => ({ status: "fulfilled" as const, value }),
        (reason: unknown) => ({ status: "rejected" as const, reason }),
      );
      const [exported] = await Promise.allSettled([provider.shutdown()]);
      return settled(report, exported);
    },
  };
}

/** One destination's failure does not hide the other's report. */
function settled(
  report: PromiseSettledResult<FlushReport>,
  exported: PromiseSettledResult<void>,
): FlushReport {
  if (report.status === "rejected") throw report.reason;
  if (exported.status === "rejected") {
    const reason = exported.reason instanceof Error ? exported.reason.message : String(exported.reason);
    console.warn(`[apie-otel] OTLP export failed: ${reason}`);
  }
  return report.value;
}

/**
 * Starts OpenTelemetry and the bridge in one call, for services without OpenTelemetry. Reads `apie.config.*` and the
 * environment; `options` override both.
 *
 * @throws {ApieConfigError} naming every bad option.
 * @throws {ApieError} code `missing_package` naming what to install; `already_started` when a provider is registered.
 */
export async function startApie(options: StartOptions = {}): Promise<Started> {
  const file = await readConfigFile();
  return startWith(mergeLayers(optionsOf(file?.path, file?.value), options) as StartOptions);
}

export function optionsOf(path: string | undefined, value: unknown): StartOptions {
  if (path === undefined) return {};
  if (value instanceof Apie) {
    throw new ApieConfigError([{ path, message: "exports a ready client; startApie needs the options" }]);
  }
  if (typeof value !== "object" || value === null)
    throw new ApieConfigError([{ path, message: "expected an object of options" }]);
  return value as StartOptions;
}
