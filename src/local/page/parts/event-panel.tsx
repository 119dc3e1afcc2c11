/** One event opened: its facts, where it leads, and its JSON as it was sent. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { get } from "../data/api.ts";
import type { EventLine } from "../data/event-line.ts";
import { useLoaded } from "../data/loaded.ts";
import { membersOf, textOf } from "../data/members.ts";
import type { EventAnswer } from "../data/records.ts";
import { shortType, subjectOf, tokensOf, toneOf } from "../replay/kinds.ts";
import { clockOfUs, duration } from "./format.ts";
import { Icon } from "./icons.tsx";
import { AgentLink, Copy, Fact, Facts, Json, Status, Tag } from "./pieces.tsx";
import { place, runAddress, sessionAddress, traceAddress } from "./router.ts";
import { Shown } from "./states.tsx";

/** A replay passes many events in that time, and none of them is read whole. */
const REST_MS = 120;

/** The text at once when it had not changed for a while, else when it has not for a while. */
function useRested(text: string): string {
  const [rested, setRested] = useState(text);
  const changedAt = useRef(Number.NEGATIVE_INFINITY);
  useEffect(() => {
    const isQuiet = performance.now() - changedAt.current > REST_MS;
    changedAt.current = performance.now();
    const timer = setTimeout(() => setRested(text), isQuiet ? 0 : REST_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return rested;
}

const isHere = (address: string): boolean => place.value.path === address;

export function EventPanel({
  line,
  address,
  onClose,
  children,
}: {
  line: EventLine;
  /** Of this moment. */
  address: string;
  onClose: () => void;
  children?: ComponentChildren;
}) {
  const id = useRested(line.event_id);
  const whole = useLoaded(
    (signal) => get<EventAnswer>(`/api/events/${encodeURIComponent(id)}`, {}, signal),
    () => false,
    [id],
  );
  const tone = toneOf(line);
  const { type, session_id, run_id, trace_id, span_id, decision, approval_status } = line;
  return (
    <aside class={`panel${tone === undefined ? "" : ` tone-${tone}`}`} aria-label="The event">
      <header>
        <h2>{shortType(type)}</h2>
        <button
          type="button"
          class="quiet"
          aria-label="Close the event"
          title="Close (Esc)"
          onClick={onClose}
        >
          <Icon name="close" />
        </button>
      </header>
      {line.error === undefined ? null : <p class="said tone-error">{line.error}</p>}
      <Facts>
        <Fact name="About">{subjectOf(line)}</Fact>
        <Fact name="Agent">
          <AgentLink agent={line.agent_key} />
        </Fact>
        <Fact name="Time">{clockOfUs(line.occurred_us)}</Fact>
        <Fact name="Step">{line.step}</Fact>
        <Fact name="Tool">
          {line.tool === undefined ? "" : [line.tool_provider, line.tool].filter(Boolean).join(" / ")}
        </Fact>
        <Fact name="Action">{line.action}</Fact>
        <Fact name="Resource">{[line.resource, line.resource_id].filter(Boolean).join(" ")}</Fact>
        <Fact name="Environment">{line.environment}</Fact>
        <Fact name="Took">{duration(line.duration_ms)}</Fact>
        <Fact name="Tokens">{tokensOf(line)}</Fact>
        <Fact name="Decision">{decision === undefined ? "" : <Status status={decision} />}</Fact>
        <Fact name="Enforcement">{line.enforcement}</Fact>
        <Fact name="Approval">
          {approval_status === undefined ? "" : <Status status={approval_status} />}
        </Fact>
        <Fact name="Decided by">{line.resolved_by}</Fact>
        <Fact name="Reason">{line.reason}</Fact>
        <Fact name="Outcome">{line.outcome === undefined ? "" : <Tag>{line.outcome}</Tag>}</Fact>
      </Facts>
      <p class="ways">
        {children}
        {session_id === undefined || isHere(sessionAddress(session_id)) ? null : (
          <a href={sessionAddress(session_id, line.event_id)}>In its session</a>
        )}
        {run_id === undefined || isHere(runAddress(run_id)) ? null : (
          <a href={runAddress(run_id, line.event_id)}>In its run, beside its span</a>
        )}
        {trace_id === undefined ? null : <a href={traceAddress(trace_id, span_id)}>Its trace</a>}
        <Copy text={`${location.origin}${address}`}>Copy a link to this moment</Copy>
      </p>
      {id === line.event_id ? (
        <Shown loaded={whole} what="the event">
          {({ raw }) => (
            <>
              <Excerpt raw={raw} />
              <h3>As it was sent</h3>
              <Json value={raw} label="JSON of the event" />
            </>
          )}
        </Shown>
      ) : null}
    </aside>
  );
}

/** The stack of an error reads better as text than as JSON. */
function Excerpt({ raw }: { raw: unknown }) {
  const stack = textOf(membersOf(membersOf(raw).error).stack);
  return stack === undefined ? null : (
    <details class="details">
      <summary>Stack</summary>
      <pre class="json">{stack}</pre>
    </details>
  );
}
