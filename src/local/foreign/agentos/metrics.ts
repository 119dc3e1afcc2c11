/** Tokens and durations as AgentOS counts them: whole tokens, seconds with fractions, zeros left out. */
import { members, numberOf, textOf } from "../../members.ts";
import { type RecordedRun, type Usage, usageOf } from "../recorded.ts";
import { factsOf, timesOf, type Work } from "../work.ts";
import { type Json, seconds } from "./names.ts";

/** A role that is not that of the run's own model, such as `memory_model`. */
const purposeOf = (work: Work): string | undefined =>
  textOf(payloadOf(work).purpose, members(factsOf(work.begin).payload_summary).purpose);

export const payloadOf = ({ begin, end }: Work) => members(factsOf(end ?? begin).payload_summary);

/** Calls of the run's own model. Where only models in other roles were called, those are its own. */
export function ownModelCalls(works: readonly Work[]): Work[] {
  const calls = works.filter(({ kind }) => kind === "model");
  const own = calls.filter((call) => purposeOf(call) === undefined);
  return own.length === 0 ? calls : own;
}

export function tokensOf(usage: Usage | undefined): Json {
  const tokens = {
    input_tokens: usage?.input,
    output_tokens: usage?.output,
    total_tokens: usage?.total,
    cache_read_tokens: usage?.cacheRead,
    cache_write_tokens: usage?.cacheWrite,
    reasoning_tokens: usage?.reasoning,
  };
  return Object.fromEntries(Object.entries(tokens).filter(([, count]) => count !== undefined && count !== 0));
}

const sumOf = (usages: readonly Usage[]): Usage | undefined => {
  if (usages.length === 0) return undefined;
  const sum = (name: keyof Usage): number => usages.reduce((total, usage) => total + (usage[name] ?? 0), 0);
  return {
    input: sum("input"),
    output: sum("output"),
    total: sum("total"),
    cacheRead: sum("cacheRead"),
    cacheWrite: sum("cacheWrite"),
    reasoning: sum("reasoning"),
  };
};

const usageOfCall = (work: Work): Usage | undefined => usageOf(payloadOf(work).usage);

/** What each model used, by the role it was used in. */
function detailsOf(works: readonly Work[]): Json | undefined {
  const own = new Set(ownModelCalls(works));
  const byRole = new Map<string, Map<string, { id: string; provider: string; usages: Usage[] }>>();
  for (const work of works) {
    const usage = work.kind === "model" ? usageOfCall(work) : undefined;
    if (usage === undefined) continue;
    const { model, provider } = payloadOf(work);
    const role = own.has(work) ? "model" : (purposeOf(work) ?? "model");
    const models = byRole.get(role) ?? new Map();
    byRole.set(role, models);
    const key = JSON.stringify([model, provider]);
    const used = models.get(key) ?? { id: textOf(model) ?? "", provider: textOf(provider) ?? "", usages: [] };
    models.set(key, used);
    used.usages.push(usage);
  }
  if (byRole.size === 0) return undefined;
  return Object.fromEntries(
    [...byRole].map(([role, models]) => [
      role,
      [...models.values()].map(({ id, provider, usages }) => ({
        ...tokensOf(sumOf(usages)),
        id,
        provider,
      })),
    ]),
  );
}

/** Metrics of a run of an agent or a team. */
export function metricsOf({ works, ending, startUs, endUs }: RecordedRun): Json {
  const calls = works.filter(({ kind }) => kind === "model");
  const usages = calls.flatMap((call) => usageOfCall(call) ?? []);
  const [first] = ownModelCalls(works);
  const ttftMs = first === undefined ? undefined : numberOf(payloadOf(first).ttft_ms);
  const cost = numberOf(ending.cost_usd);
  const details = detailsOf(works);
  return {
    ...tokensOf(sumOf(usages) ?? usageOf(ending.usage)),
    ...(cost === undefined ? {} : { cost }),
    ...(ttftMs === undefined ? {} : { time_to_first_token: ttftMs / 1_000 }),
    ...(endUs === undefined ? {} : { duration: seconds(endUs - startUs) }),
    ...(details === undefined ? {} : { details }),
  };
}

/** Metrics of one call, as its message and its event bear them. */
export function callMetrics(work: Work): Json {
  const { startUs, endUs } = timesOf(work);
  const ttftMs = numberOf(payloadOf(work).ttft_ms);
  return {
    ...tokensOf(usageOfCall(work)),
    ...(ttftMs === undefined ? {} : { time_to_first_token: ttftMs / 1_000 }),
    ...(endUs === undefined ? {} : { duration: seconds(endUs - startUs) }),
  };
}
