/** What the writing of spans gets of the client it belongs to. */
import { Reporter } from "../diagnostics/index.ts";
import { Redactor } from "../events/index.ts";
import type { InstrumentHost } from "../instrument/index.ts";
import type { ApieSpanProcessor } from "../processor/index.ts";

/** @param owner the client. @param agentId Apie's id of its agent, as far as it is known. */
export function hostOf(
  owner: object,
  processor: ApieSpanProcessor,
  agentId: () => string | undefined,
): InstrumentHost {
  const { config, pipeline } = processor;
  return {
    owner,
    agent: config.agent,
    agentVersion: config.version?.version,
    framework: config.runtime?.framework,
    captureContent: config.captureContent,
    runSpans: config.runSpans,
    runMarker: config.runMarker,
    apieIdsOnSpans: config.apieIdsOnSpans,
    baggage: { read: config.baggage?.read ?? false, write: config.baggage?.write ?? [] },
    redactor: pipeline?.redactor ?? new Redactor(config),
    reporter: pipeline?.reporter ?? new Reporter("silent"),
    tracerProvider: config.tracerProvider,
    runIds: pipeline?.ids.runs,
    sessionIds: pipeline?.ids.sessions,
    agentId,
    spansSeen: () => processor.startedSpans,
    hurry: () => void pipeline?.flush(),
    notRecorded: (loss) => pipeline?.delivery.lostBefore(loss),
  };
}
