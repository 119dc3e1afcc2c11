/** Sets OpenTelemetry up for a service that has none: provider, context manager, OTLP export, and the bridge. */
import { context, propagation, trace } from "@opentelemetry/api";
import { Apie } from "../apie.ts";
import { type ApieOptions, mergeLayers, readConfigFile, resolveConfig } from "../config/index.ts";
import type { FlushReport } from "../delivery/index.ts";
import { apiMismatch, apiTaken, otelApiState, Reporter } from "../diagnostics/index.ts";
import { ApieConfigError, ApieError } from "../model/errors.ts";
import { recordAgentSpans } from "../sampling/index.ts";
import {
  batchSettingsOf,
  exportersOf,
  isSdkDisabled,
  otlpPackages,
  propagatorsOf,
  samplerOf,
} from "./environment.ts";
import { type StartOptions, startIssues } from "./options.ts";
import {
  loadSdk,
  makeBatchProcessor,
  makeConsoleProcessor,
  makePropagator,
  makeProvider,
  makeSampler,
  type Provider,
  type Sdk,
} from "./sdk.ts";

export interface Started {
  apie: Apie;
  provider: Provider;
  /** Sends what is waiting, to both destinations. */
  flush(): Promise<FlushReport>;
  /** Closes open runs, sends what is waiting, and stops. */
  shutdown(): Promise<FlushReport>;
}

/** As `startApie`, with the options of the config file given. */
export function startWith(options: StartOptions): Started {
  const state = otelApiState();
  const mismatch = apiMismatch(state);
  if (mismatch !== undefined) throw new ApieError("api_mismatch", `startApie: ${mismatch}`);
  if (state.provider === "registered") {
    throw new ApieError(
      "already_started",
      "startApie: a tracer provider is registered already: add new ApieSpanProcessor(…) to its span processors instead",
    );
  }
  const { env } = process;
  if (isSdkDisabled(env)) return withoutSdk(clientOf(options));
  const problems: string[] = [];
  const tell = (problem: string): void => void problems.push(problem);
  const { otlp, sampler } = options;
  const exporters = exportersOf(env, otlp === undefined ? undefined : otlp !== false, tell);
  const exportsOtlp = exporters.includes("otlp");
  // Before the client is made, which begins to talk to Apie at once.
  const sdk = loadSdk(exportsOtlp ? otlpPackages(env, typeof otlp === "object", tell) : []);
  const chosenSampler = sampler ?? makeSampler(sdk, samplerOf(env, tell));
  const apie = clientOf(options);
  const { agent, onError } = apie.spanProcessor.config;
  const reporter = new Reporter(onError);

  const processors: unknown[] = [apie.spanProcessor];
  if (sdk.otlpExporter !== undefined) {
    const exporter = new sdk.otlpExporter(typeof otlp === "object" ? otlp : undefined);
    processors.push(makeBatchProcessor(sdk, exporter, batchSettingsOf(env)));
  }
  if (exporters.includes("console")) processors.push(makeConsoleProcessor(sdk));
  const provider = makeProvider(sdk, {
    resource: resourceOf(sdk, options, agent.key),
    spanProcessors: processors,
    sampler: recordAgentSpans(chosenSampler),
  });
  if (!register(sdk, provider, propagatorsOf(env, tell))) {
    void apie.shutdown();
    throw new ApieError("api_mismatch", `startApie: ${apiTaken(otelApiState())}`);
  }
  for (const problem of problems) reporter.problem(new ApieError("otel_environment", problem));
  return started(apie, provider, reporter);
}

/** A client of these options, without anything around it. @throws {ApieConfigError} naming every bad option, ours and the client's. */
export function clientOf(options: StartOptions): Apie {
  const { otlp: _, serviceName: __, resourceAttributes: ___, sampler: ____, ...apieOptions } = options;
  const issues = startIssues(options);
  if (issues.length === 0) return new Apie(apieOptions);
  try {
    resolveConfig(apieOptions);
  } catch (error) {
    if (!(error instanceof ApieConfigError)) throw error;
    issues.push(...error.issues);
  }
  throw new ApieConfigError(issues);
}

/** Later ones win: what the environment says over our default, what the options say over both. */
function resourceOf({ resources }: Sdk, options: StartOptions, agentKey: string) {
  const { serviceName, resourceAttributes } = options;
  const given = {
    ...resourceAttributes,
    ...(serviceName === undefined ? {} : { "service.name": serviceName }),
  };
  return resources
    .defaultResource()
    .merge(resources.resourceFromAttributes({ "service.name": agentKey }))
    .merge(resources.detectResources({ detectors: [resources.envDetector] }))
    .merge(resources.resourceFromAttributes(given));
}

/**
 * Context manager and propagator say no where the application has set its own: then that one stays.
 *
 * @returns whether the provider is the global one now.
 */
function register(sdk: Sdk, provider: Provider, propagators: ReturnType<typeof propagatorsOf>): boolean {
  if (!trace.setGlobalTracerProvider(provider as never)) return false;
  const manager = new sdk.contextManager();
  manager.enable();
  context.setGlobalContextManager(manager as never);
  if (propagators.length > 0) propagation.setGlobalPropagator(makePropagator(sdk, propagators) as never);
  return true;
}

function started(apie: Apie, provider: Provider, reporter: Reporter): Started {
  // Side by side, so that neither destination waits for the other; and one's failure does not hide the other's report.
  const both = async (toApie: Promise<FlushReport>, toOthers: Promise<void>): Promise<FlushReport> => {
    const [report, exported] = await Promise.allSettled([toApie, toOthers]);
    if (exported.status === "rejected") {
      const reason = exported.reason instanceof Error ? exported.reason.message : String(exported.reason);
      reporter.problem(new ApieError("otlp_failed", `OTLP export failed: ${reason}`));
    }
    if (report.status === "rejected") throw report.reason;
    return report.value;
  };
  return {
    apie,
    provider,
    flush: () => both(apie.flush(), provider.forceFlush()),
    shutdown: () => both(apie.shutdown(), provider.shutdown()),
  };
}

/** `OTEL_SDK_DISABLED=true`: the application runs as if OpenTelemetry were not there. */
function withoutSdk(apie: Apie): Started {
  const nothing = (): Promise<void> => Promise.resolve();
  const provider: Provider = {
    getTracer: (...name) => trace.getTracerProvider().getTracer(...name),
    forceFlush: nothing,
    shutdown: nothing,
  };
  return { apie, provider, flush: () => apie.flush(), shutdown: () => apie.shutdown() };
}

/**
 * Starts OpenTelemetry and the bridge in one call, for services without OpenTelemetry. Reads `apie.config.*` and the
 * environment; `options` override both. Call `shutdown()` of what it gives before the process ends.
 *
 * @throws {ApieConfigError} naming every bad option.
 * @throws {ApieError} code `missing_package` naming what to install; `already_started` when a provider is registered.
 */
export async function startApie(options: StartOptions = {}): Promise<Started> {
  const file = await readConfigFile();
  return startWith(mergeLayers(optionsOf(file?.path, file?.value), options as ApieOptions) as StartOptions);
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
