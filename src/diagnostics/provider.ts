/**
 * What can be seen of a tracer provider from outside. Its sampler and processors are no part of the OpenTelemetry API: they
 * stand where SDK 1.30, 2.x and 3.x keep them, and are `undefined` for a provider that is built otherwise.
 */
import type { SamplerLike } from "../sampling/index.ts";

interface Insides {
  /** What the API registers stands before the real one. */
  getDelegate?: () => unknown;
  getTracer?: (name: string) => { _sampler?: unknown } | undefined;
  /** SDK 2.x, 3.x. */
  _activeSpanProcessor?: unknown;
  /** SDK 1.x. */
  activeSpanProcessor?: unknown;
  /** Of a processor that stands for several. */
  _spanProcessors?: unknown;
}

/** Processors may stand for several, which may stand for several. */
const MAX_DEPTH = 8;

export function samplerOf(provider: unknown): SamplerLike | undefined {
  const sampler = quietly(() => real(provider)?.getTracer?.("apie-otel")?._sampler) as
    | SamplerLike
    | undefined;
  return typeof sampler?.shouldSample === "function" ? sampler : undefined;
}

/** Every processor the provider hands its spans to itself; not what those hand them on to. */
export function processorsOf(provider: unknown): readonly object[] | undefined {
  return quietly(() => {
    const insides = real(provider);
    const active = insides?._activeSpanProcessor ?? insides?.activeSpanProcessor;
    return active === undefined ? undefined : flat(active, 0);
  });
}

function flat(processor: unknown, depth: number): object[] {
  if (typeof processor !== "object" || processor === null || depth > MAX_DEPTH) return [];
  const several = (processor as Insides)._spanProcessors;
  return Array.isArray(several) ? several.flatMap((one) => flat(one, depth + 1)) : [processor];
}

function real(provider: unknown): Insides | undefined {
  let found = provider as Insides | undefined;
  for (let depth = 0; typeof found?.getDelegate === "function" && depth < MAX_DEPTH; depth += 1) {
    const next = found.getDelegate() as Insides | undefined;
    if (next === found) break;
    found = next;
  }
  return found ?? undefined;
}

/** A provider of somebody else may throw at being looked at. */
function quietly<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
