/** Metrics of the bridge itself, written with the metrics API to whatever meter provider is registered, whenever it is. */
import {
  type Attributes,
  type BatchObservableCallback,
  type Histogram,
  type Meter,
  type MeterProvider,
  metrics,
  type Observable,
} from "@opentelemetry/api";
import type { Exchange } from "../../apie-api/index.ts";
import { PACKAGE_NAME, VERSION } from "../../config/index.ts";
import { DURATION_METRIC, type MetricState, OBSERVED_METRICS } from "./definitions.ts";

export type { MetricState } from "./definitions.ts";

/** No standard value of `otel.component.type` applies, so it is the name of the class. */
const COMPONENT_TYPE = "ApieSpanProcessor";
const EVENTS_PATH = "/v1/events";
let instances = 0;

export interface SelfMetricsOptions {
  /** Must not throw. */
  state: () => MetricState;
  baseUrl: string;
  /** A meter provider that breaks down. */
  onFailure: (cause: unknown) => void;
}

export class SelfMetrics {
  readonly #attributes: Attributes;
  readonly #server: Attributes;
  readonly #onFailure: (cause: unknown) => void;
  #state: () => MetricState;
  /** What instruments were made of last. Before one is registered, the API gives one that does nothing. */
  #provider: MeterProvider | undefined;
  #duration: Histogram | undefined;
  #unbind: () => void = () => undefined;

  constructor({ state, baseUrl, onFailure }: SelfMetricsOptions) {
    this.#state = state;
    this.#onFailure = onFailure;
    this.#attributes = {
      "otel.component.type": COMPONENT_TYPE,
      "otel.component.name": `${COMPONENT_TYPE}/${instances}`,
    };
    this.#server = serverOf(baseUrl);
    instances += 1;
  }

  /** The API has no way to tell that a meter provider was registered: so this is called now and then. */
  bind(): void {
    try {
      const provider = metrics.getMeterProvider();
      if (provider === this.#provider) return;
      this.#provider = provider;
      this.#unbind();
      this.#observe(provider.getMeter(PACKAGE_NAME, VERSION));
    } catch (cause) {
      this.#onFailure(cause);
    }
  }

  /** A request to Apie has ended. */
  exchanged({ path, seconds, status, cause }: Exchange): void {
    if (path !== EVENTS_PATH || this.#duration === undefined) return;
    const errorType =
      status === undefined ? (cause ?? "no_answer") : status >= 300 ? String(status) : undefined;
    try {
      this.#duration.record(seconds, {
        ...this.#attributes,
        ...this.#server,
        ...(status === undefined ? {} : { "http.response.status_code": status }),
        ...failed(errorType),
      });
    } catch (failure) {
      this.#onFailure(failure);
    }
  }

  /** The last figures stay, so that the last collection has them; nothing of the client is held for them. */
  stop(): void {
    this.bind();
    const last = this.#state();
    this.#state = () => last;
  }

  #observe(meter: Meter): void {
    const observed = OBSERVED_METRICS.map((metric) => {
      const { name, unit, description, instrument } = metric;
      const made =
        instrument === "counter"
          ? meter.createObservableCounter(name, { unit, description })
          : meter.createObservableUpDownCounter(name, { unit, description });
      return { metric, made };
    });
    const instruments: Observable[] = observed.map(({ made }) => made);
    const callback: BatchObservableCallback = (result) => {
      const state = this.#state();
      for (const { metric, made } of observed)
        for (const [value, errorType] of metric.read(state))
          result.observe(made, value, { ...this.#attributes, ...failed(errorType) });
    };
    meter.addBatchObservableCallback(callback, instruments);
    this.#unbind = () => meter.removeBatchObservableCallback(callback, instruments);
    const { name, unit, description } = DURATION_METRIC;
    // As upstream advises: the sum and the count, no buckets.
    const advice = { explicitBucketBoundaries: [] };
    this.#duration = meter.createHistogram(name, { unit, description, advice });
  }
}

const failed = (errorType: string | undefined): Attributes =>
  errorType === undefined ? {} : { "error.type": errorType };

function serverOf(baseUrl: string): Attributes {
  if (!URL.canParse(baseUrl)) return {};
  const { hostname, port, protocol } = new URL(baseUrl);
  return {
    "server.address": hostname,
    "server.port": port === "" ? (protocol === "https:" ? 443 : 80) : Number(port),
  };
}
