/**
 * What this package sees of OpenTelemetry in the process. `@opentelemetry/api` keeps what is registered in one global object,
 * marked with the version of the copy that came first; a copy of a later minor version does not look at it, and gives out
 * tracers that record nothing, without a word.
 */
import { trace } from "@opentelemetry/api";

/** Where the API keeps what is registered: part of its contract between versions, the same through all of 1.x. */
const GLOBAL_API = Symbol.for("opentelemetry.js.api.1");

interface GlobalApi {
  readonly version: string;
  readonly trace?: object;
}

/**
 * - `registered`: a provider is registered, and our copy of the API sees it.
 * - `none`: none is registered.
 * - `hidden`: one is registered that our copy of the API does not see.
 */
export type ProviderState = "registered" | "none" | "hidden";

export interface OtelApiState {
  /** Version of the copy of `@opentelemetry/api` that registered first; `undefined` while nothing is registered. */
  readonly registeredVersion: string | undefined;
  readonly provider: ProviderState;
}

export function otelApiState(): OtelApiState {
  const registered = globalApi();
  return { registeredVersion: registered?.version, provider: providerState(registered) };
}

/** The provider that is registered, also one that our copy of the API does not see: to be looked at, not written with. */
export function registeredProvider(): object | undefined {
  const registered = globalApi();
  return providerState(registered) === "none" ? undefined : (registered?.trace ?? trace.getTracerProvider());
}

/** What to say of a provider that is hidden from us; `undefined` where none is. */
export function apiMismatch({ registeredVersion, provider }: OtelApiState): string | undefined {
  if (provider !== "hidden") return undefined;
  return `${TWO_COPIES}: the tracer provider is registered in version ${registeredVersion}, which the newer copy that apie-otel loads does not see, so nothing it writes is recorded. ${KEEP_ONE}`;
}

/** What to say when nothing can be registered: the API takes only what comes from copies of one version. */
export function apiTaken({ registeredVersion }: OtelApiState): string {
  return `${TWO_COPIES}: version ${registeredVersion} has registered something already, and the copy that apie-otel loads is another version, so its tracer provider is refused. ${KEEP_ONE}`;
}

const TWO_COPIES = "two copies of @opentelemetry/api are loaded";
const KEEP_ONE =
  'Keep one: `npm ls @opentelemetry/api` shows who brings which; `npm dedupe`, or "overrides" in package.json, makes them one';

const globalApi = (): GlobalApi | undefined =>
  (globalThis as { [GLOBAL_API]?: GlobalApi | undefined })[GLOBAL_API];

function providerState(registered: GlobalApi | undefined): ProviderState {
  const seen = trace.getTracerProvider();
  if (registered?.trace !== undefined && registered.trace !== seen) return "hidden";
  return isReal(seen) ? "registered" : "none";
}

/** The proxy provider of the API delegates to nobody until a real one is registered; a real one may throw. */
function isReal(provider: object): boolean {
  const { getDelegateTracer } = provider as { getDelegateTracer?: (name: string) => unknown };
  try {
    return getDelegateTracer === undefined || getDelegateTracer.call(provider, "apie-otel") !== undefined;
  } catch {
    return true;
  }
}
