/** What a client is made of: the calls of the API over one writer of spans. */
import {
  CallSpans,
  Guarding,
  Handoffs,
  LiveScopes,
  outgoingHeaders,
  Pauses,
  Runs,
  Sessions,
  SpanWriter,
  Tracks,
  withRemoteParent,
} from "../instrument/index.ts";
import type { ApieSpanProcessor } from "../processor/index.ts";
import { AgentCalls } from "./agent-calls.ts";
import type { CallGroups } from "./groups.ts";
import { approvalCalls, guardrailsOf } from "./guardrails.ts";
import { hostOf } from "./host.ts";

export interface ClientParts {
  readonly agent: AgentCalls;
  readonly runs: Runs;
  readonly sessions: Sessions;
  readonly calls: CallSpans;
  readonly handoffs: Handoffs;
  readonly tracks: Tracks;
  readonly groups: CallGroups;
}

/** @param client whose scope the spans are in. */
export function partsOf(client: object, processor: ApieSpanProcessor): ClientParts {
  const { config, pipeline } = processor;
  const agent = new AgentCalls(config, pipeline);
  const writer = new SpanWriter(hostOf(client, processor, () => agent.registration.agentId));
  const live = new LiveScopes(writer.host);
  const runs = new Runs(writer, live);
  const sessions = new Sessions(writer, live, config.flushTimeoutMs);
  const guardrails = guardrailsOf(config, pipeline);
  const guarding = guardrails === undefined ? undefined : new Guarding(writer, live, guardrails);
  const pauses = new Pauses(writer, live, runs, sessions, config.flushTimeoutMs);
  return {
    agent,
    runs,
    sessions,
    calls: new CallSpans(writer, live, runs, guarding),
    handoffs: new Handoffs(writer, live, runs),
    tracks: new Tracks(writer, live),
    groups: {
      runs: {
        start: (input) => runs.start(input),
        complete: (run, input) => runs.complete(run, input),
        resume: (handle, fn) => pauses.resume(handle, fn),
      },
      sessions: {
        start: (input) => sessions.start(input),
        resume: (handle, fn) => sessions.resume(handle, fn),
        complete: (handle, end) => sessions.complete(handle, end),
      },
      propagation: {
        headers: (url) => outgoingHeaders(writer.host, live, url),
        withRemoteParent: (carrier, fn) => withRemoteParent(writer.host, live, carrier, fn),
      },
      approvals: approvalCalls(guardrails, pipeline),
      capabilities: { declare: (capabilities) => agent.declare(capabilities) },
      tools: { define: (tool) => agent.define(tool) },
    },
  };
}
