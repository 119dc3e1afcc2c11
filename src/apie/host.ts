/** What the writing of spans gets of the client it belongs to. */
import type { ApieConfig } from "../config/index.ts";
import { ToolInference } from "../conventions/index.ts";
import { Reporter } from "../diagnostics/index.ts";
import { Redactor } from "../events/index.ts";
import type { InstrumentHost } from "../instrument/index.ts";
import type { ApieSpanProcessor } from "../processor/index.ts";

function inferenceOf({ boundary, inferRules }: ApieConfig): InstrumentHost["infer"] {
  if (boundary?.autoInferFromToolNames !== true || inferRules === false) return undefined;
  const inference = new ToolInference(inferRules);
  return (tool) => inference.of(tool);
}

/** @param owner the client. @param agentId Apie's id of its agent, as far as it is known. */
export function hostOf(
  owner: object,
  processor: ApieSpanProcessor,
  agentId: () => string | undefined,
): InstrumentHost {
  const { config, pipeline } = processor;
  const redactor = pipeline?.redactor ?? new Redactor(config, config.apiKey);
  return {
    owner,
    agent: { key: redactor.identity(config.agent.key), name: config.agent.name },
    agentVersion: config.version?.version,
    framework: config.runtime?.framework,
    captureContent: config.captureContent,
    runSpans: config.runSpans,
    runMarker: config.runMarker,
    apieIdsOnSpans: config.apieIdsOnSpans,
    baggage: { read: config.baggage?.read ?? false, write: config.baggage?.write ?? [] },
    redactor,
    reporter: pipeline?.reporter ?? new Reporter("silent"),
    tracerProvider: config.tracerProvider,
    infer: inferenceOf(config),
    runIds: pipeline?.ids.runs,
    sessionIds: pipeline?.ids.sessions,
    agentId,
    spansSeen: () => processor.startedSpans,
    hurry: () => void pipeline?.flush(),
    awaits: (work) => pipeline?.awaited.add(work),
    pausedRun: (runId) => pipeline?.pausedRun(runId),
    notRecorded: (loss) => pipeline?.delivery.lostBefore(loss),
  };
}
