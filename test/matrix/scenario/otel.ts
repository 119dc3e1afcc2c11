/** The OpenTelemetry SDK that a leg has, of whatever line, as the checks use it. */
import type * as Api from "@opentelemetry/api";

/** `import` or `require`, of the project the leg is. */
export type Load = (name: string) => Promise<unknown>;

export interface Provider extends Api.TracerProvider {
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

export interface ProviderOptions {
  spanProcessors: readonly unknown[];
  sampler?: unknown;
  idGenerator?: unknown;
}

type Made<T, Args extends unknown[]> = new (...args: Args) => T;

interface TraceSdk {
  /** 1.x, 2.x. */
  BasicTracerProvider?: Made<Provider, [options: object]>;
  /** 3.x. */
  TracerProvider?: Made<Provider, [options: object]>;
  BatchSpanProcessor: Made<unknown, [exporter: unknown]>;
  AlwaysOffSampler: Made<object, []>;
  ParentBasedSampler: Made<object, [options: { root: object }]>;
}

interface Resources {
  /** 1.x. */
  Resource?: Made<object, [attributes: object]>;
  /** 2.x, 3.x. */
  resourceFromAttributes?: (attributes: object) => object;
}

export interface Otel {
  readonly api: typeof Api;
  readonly line: 1 | 2 | 3;
  provider(options: ProviderOptions): Provider;
  /** A batch processor that exports as OTLP JSON. */
  exporting(url: string): unknown;
  /** Drops every span. */
  off(): object;
  parentBased(root: object): object;
  /** Registers globally while `work` runs. */
  registered<T>(provider: Provider, work: () => Promise<T>): Promise<T>;
}

export async function loadOtel(load: Load): Promise<Otel> {
  const optional = (name: string): Promise<unknown> => load(name).catch(() => undefined);
  const api = (await load("@opentelemetry/api")) as typeof Api;
  const older = (await optional("@opentelemetry/sdk-trace-base")) as TraceSdk | undefined;
  const sdk = older ?? ((await load("@opentelemetry/sdk-trace")) as TraceSdk);
  const resources = (await load("@opentelemetry/resources")) as Resources;
  const { OTLPTraceExporter } = (await load("@opentelemetry/exporter-trace-otlp-http")) as {
    OTLPTraceExporter: Made<object, [options: { url: string }]>;
  };
  const { AsyncLocalStorageContextManager } = (await load("@opentelemetry/context-async-hooks")) as {
    AsyncLocalStorageContextManager: Made<Api.ContextManager, []>;
  };
  const attributes = { "service.name": "shop" };
  const resource =
    resources.resourceFromAttributes?.(attributes) ??
    (resources.Resource === undefined ? undefined : new resources.Resource(attributes));
  const Provider = sdk.BasicTracerProvider ?? sdk.TracerProvider;
  if (Provider === undefined || resource === undefined) throw new Error("an SDK of no line that is known");
  const line = older === undefined ? 3 : resources.resourceFromAttributes === undefined ? 1 : 2;
  return {
    api,
    line,
    provider: (options) => new Provider({ resource, ...options }),
    exporting(url) {
      const exporter = new OTLPTraceExporter({ url });
      return new sdk.BatchSpanProcessor(line === 3 ? { exporter } : exporter);
    },
    off: () => new sdk.AlwaysOffSampler(),
    parentBased: (root) => new sdk.ParentBasedSampler({ root }),
    async registered(provider, work) {
      const manager = new AsyncLocalStorageContextManager();
      api.trace.setGlobalTracerProvider(provider);
      api.context.setGlobalContextManager(manager.enable());
      try {
        return await work();
      } finally {
        api.trace.disable();
        api.context.disable();
        await provider.shutdown();
      }
    },
  };
}
