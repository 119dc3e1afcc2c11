/** Steps of a workflow, and hand-offs between agents. */
import { contentOf, type EventFacts, type EventParts, UNKNOWN } from "./facts.ts";

function step({ activity, name }: EventFacts): EventParts {
  const facts = activity.step;
  const key = (facts?.key ?? name) || UNKNOWN;
  return {
    step_key: key,
    step_name: facts?.name ?? key,
    step_index: facts?.index,
  };
}

export function stepStarted(facts: EventFacts): EventParts {
  const { activity } = facts;
  return {
    ...step(facts),
    payload_summary: { kind: activity.step?.type ?? "task", ...activity.payloadSummary },
    metadata: activity.metadata,
  };
}

export function stepEnded(facts: EventFacts): EventParts {
  const { metadata } = facts.activity;
  return {
    ...step(facts),
    metadata: { ...metadata, duration_ms: facts.durationMs, text: contentOf(facts)?.text },
  };
}

export function handoff({ activity }: EventFacts): EventParts {
  const facts = activity.handoff;
  return {
    payload_summary: {
      ...activity.payloadSummary,
      source: facts?.sourceKey ?? facts?.sourceName,
      target: facts?.targetKey ?? facts?.targetName,
      type: facts?.type,
    },
    metadata: {
      ...activity.metadata,
      handoff_id: facts?.id,
      reason: facts?.reason,
      source_name: facts?.sourceName,
      target_name: facts?.targetName,
    },
  };
}
