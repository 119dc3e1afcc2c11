import { type ParsedFile, parseFile } from "./parse.ts";
import { type Problem, RegistryError } from "./problem.ts";
import type { Registry } from "./registry.ts";
import { resolveRegistry } from "./resolve.ts";
import { checkAttributes } from "./rules/attributes.ts";
import { checkManifest } from "./rules/manifest.ts";
import { checkSpans } from "./rules/spans.ts";
import { checkNothingUnused } from "./rules/unused.ts";
import {
  type ManifestFile,
  type ModelFile,
  manifestFile,
  modelFile,
  type UpstreamFile,
  upstreamFile,
} from "./shapes.ts";
import type { RegistrySources } from "./sources.ts";

/** The files of a registry, each of the right shape. */
export interface ParsedSources {
  manifest: ParsedFile<ManifestFile>;
  model: ParsedFile<ModelFile>[];
  upstream: ParsedFile<UpstreamFile>;
}

/** What checking a registry found; `registry` is there exactly when there are no problems. */
export type CheckResult =
  | { problems: []; registry: Registry }
  | { problems: Problem[]; registry?: undefined };

/**
 * Checks a registry: first the shape of each file, then the rules that span files. The rules run only on files of the
 * right shape, so one missing field gives one problem and not ten.
 */
export function checkRegistry(sources: RegistrySources): CheckResult {
  const problems: Problem[] = [];
  const manifest = parseFile(sources.manifest, manifestFile, problems);
  const upstream = parseFile(sources.upstream, upstreamFile, problems);
  const model = sources.model.map((file) => parseFile(file, modelFile, problems));
  if (problems.length > 0 || manifest === undefined || upstream === undefined) return { problems };

  const parsed: ParsedSources = { manifest, upstream, model: model.filter((file) => file !== undefined) };
  problems.push(...checkManifest(parsed), ...checkAttributes(parsed));
  const registry = resolveRegistry(parsed, problems);
  problems.push(...checkSpans(parsed, registry), ...checkNothingUnused(parsed, registry));
  return problems.length > 0 ? { problems } : { problems: [], registry };
}

/** The registry, or a `RegistryError` that lists what is wrong with it. */
export function loadRegistry(sources: RegistrySources): Registry {
  const { problems, registry } = checkRegistry(sources);
  if (registry === undefined) throw new RegistryError(problems);
  return registry;
}
