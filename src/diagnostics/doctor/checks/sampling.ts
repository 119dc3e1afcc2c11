/** Whether the sampler hides agent work from us. */
import { isPureSampler, wouldDrop } from "../../../sampling/index.ts";
import { samplerOf } from "../../provider.ts";
import { type Finding, type Found, info, ok, warning } from "../finding.ts";

const REMEDY =
  "wrap it: sampler: recordAgentSpans(yourSampler). What is exported over OTLP stays what your sampler decides";

/** @param provider the one in use. */
export function checkSampling(provider: object | undefined): Finding[] {
  return provider === undefined ? [] : [{ check: "sampling", ...look(provider) }];
}

function look(provider: object): Found {
  const sampler = samplerOf(provider);
  if (sampler === undefined)
    return info("the provider does not show its sampler, so whether it drops agent work is not known");
  const name = shortened(String(sampler));
  if (!isPureSampler(sampler))
    return info(`the sampler (${name}) was not asked, since asking might change what it does`, REMEDY);
  const { roots, unsampledParents } = wouldDrop(sampler);
  if (roots)
    return warning(`the sampler (${name}) drops traces, so Apie does not see every agent run`, REMEDY);
  if (unsampledParents)
    return info(
      `the sampler (${name}) drops what a caller did not sample, so Apie does not see agent work in such requests`,
      REMEDY,
    );
  return ok(`the sampler (${name}) hides no agent work`);
}

/** Samplers tell of all samplers inside them. */
const shortened = (name: string): string => (name.length > 60 ? `${name.slice(0, 59)}…` : name);
