/** A run: its events, and beside them the spans they were made from. */
import { useMemo } from "preact/hooks";
import { get, getUpTo } from "../../data/api.ts";
import { EventFeed } from "../../data/event-feed.ts";
import type { EventLine } from "../../data/event-line.ts";
import { useClosable, useLoaded } from "../../data/loaded.ts";
import { membersOf, numberOf, textOf } from "../../data/members.ts";
import type { Run, RunAnswer, Span, UnopenedRun } from "../../data/records.ts";
import { count, plural } from "../../data/words.ts";
import { EventPanel } from "../../parts/event-panel.tsx";
import { EventRow } from "../../parts/event-row.tsx";
import { clock, duration, offset, shortId } from "../../parts/format.ts";
import { useKeys } from "../../parts/keyboard.ts";
import { AgentLink, Details, Errors, Fact, Facts, Head, Json, Status } from "../../parts/pieces.tsx";
import { place, runAddress, sessionAddress, setQuery } from "../../parts/router.ts";
import { Empty, Loading, Problem, Shown } from "../../parts/states.tsx";
import { VirtualList } from "../../parts/virtual-list.tsx";
import { agentNameOf } from "../../replay/lanes.ts";
import { startOf, tookOf } from "../../replay/times.ts";
import { SpanPanel } from "../trace/span-panel.tsx";
import { Spans } from "../trace/spans.tsx";
import { MOST_SPANS } from "../trace/trace.tsx";

const ROW_PX = 30;

function usageOf(run: Run): string {
  const usage = membersOf(membersOf(run.completion_metadata).usage);
  const input = numberOf(usage.input) ?? run.counts.tokens.input;
  const output = numberOf(usage.output) ?? run.counts.tokens.output;
  const cached = numberOf(usage.cache_read);
  if (input + output === 0) return "";
  return `${count(input)}${cached ? ` (${count(cached)} cached)` : ""} → ${count(output)} tokens`;
}

function RunHead({ run }: { run: Run }) {
  const end = membersOf(run.completion_metadata);
  const calls = [
    numberOf(end.llm_calls) === undefined ? undefined : plural(numberOf(end.llm_calls) ?? 0, "model call"),
    numberOf(end.tool_calls) === undefined ? undefined : plural(numberOf(end.tool_calls) ?? 0, "tool call"),
  ];
  return (
    <>
      <Head title={run.input_summary || `Run ${shortId(run.id)}`}>
        <Status status={run.status} />
      </Head>
      <Facts label="The run">
        <Fact name="Output">{textOf(end.outputSummary)}</Fact>
        <Fact name="Agent">
          <AgentLink agent={run.agent_key} name={agentNameOf(run)} />
        </Fact>
        <Fact name="Session">
          {run.session_id === null ? (
            ""
          ) : (
            <a href={sessionAddress(run.session_id)}>{shortId(run.session_id)}</a>
          )}
        </Fact>
        <Fact name="Delegated by">
          {run.parent_run_id === null ? (
            ""
          ) : (
            <a href={runAddress(run.parent_run_id)}>{shortId(run.parent_run_id)}</a>
          )}
        </Fact>
        <Fact name="Step">{run.step_name}</Fact>
        <Fact name="Role">{run.role}</Fact>
        <Fact name="Started">{clock(run.started_at)}</Fact>
        <Fact name="Took">{duration(tookOf(run))}</Fact>
        <Fact name="Usage">{usageOf(run)}</Fact>
        <Fact name="Calls">{calls.filter(Boolean).join(", ")}</Fact>
        <Fact name="Cost">{numberOf(end.cost_usd) === undefined ? "" : `$${numberOf(end.cost_usd)}`}</Fact>
        <Fact name="Failures">
          <Errors counts={run.counts} />
        </Fact>
        <Fact name="Environment">{run.environment}</Fact>
        <Fact name="Id">
          <code>{run.id}</code>
        </Fact>
      </Facts>
      <Details summary="Metadata">
        <Json
          value={{ metadata: run.metadata, completion_metadata: run.completion_metadata }}
          label="Metadata of the run"
        />
      </Details>
    </>
  );
}

const UnopenedHead = ({ run }: { run: UnopenedRun }) => (
  <>
    <Head title={`Run ${shortId(run.run_id)}`} />
    <p class="note">
      Nobody opened this run here; its events alone speak of it. Its agent is{" "}
      <AgentLink agent={run.agent_key} />.
    </p>
  </>
);

const NoSpans = ({ hasTrace }: { hasTrace: boolean }) => (
  <Empty title="No span of this run came over OTLP.">
    {hasTrace ? (
      <>
        <p>Send the service's traces here, too, and they show beside its events:</p>
        <pre class="json">{`OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=${location.origin}/v1/traces`}</pre>
        <p>Spans are exported in batches, some seconds after they end.</p>
      </>
    ) : (
      <p>Whoever opened it named no trace: runs of apie-otel do, in metadata.otel.</p>
    )}
  </Empty>
);

function RunEvents({
  lines,
  startUs,
  selected,
  spanId,
  runId,
  onOpen,
}: {
  lines: readonly EventLine[];
  startUs: number;
  selected: string | undefined;
  spanId: string | undefined;
  runId: string;
  onOpen: (line: EventLine) => void;
}) {
  const index = lines.findIndex((line) =>
    selected === undefined ? spanId !== undefined && line.span_id === spanId : line.event_id === selected,
  );
  if (lines.length === 0) {
    return (
      <Empty title="No event of this run yet.">
        <p>Events show here as they come.</p>
      </Empty>
    );
  }
  return (
    <VirtualList
      class="events"
      label="Events of the run in order"
      count={lines.length}
      rowHeight={ROW_PX}
      focus={index}
    >
      {(at) => {
        const line = lines[at];
        return line === undefined ? null : (
          <EventRow
            line={line}
            href={runAddress(runId, line.event_id)}
            time={offset(line.replay_us - startUs)}
            isCurrent={line.event_id === selected}
            isMarked={spanId !== undefined && line.span_id === spanId}
            onOpen={() => onOpen(line)}
          />
        );
      }}
    </VirtualList>
  );
}

interface Selection {
  readonly event: EventLine | undefined;
  readonly spanId: string | undefined;
}

/** The address names an event, whose span is then marked, or a span, whose events are. */
function selectionOf(query: URLSearchParams, lines: readonly EventLine[]): Selection {
  const at = query.get("at");
  const event = at === null ? undefined : lines.find(({ event_id }) => event_id === at);
  return { event, spanId: query.get("span") ?? event?.span_id };
}

function Opened({
  selection,
  span,
  lines,
  runId,
}: {
  selection: Selection;
  span: Span | undefined;
  lines: readonly EventLine[];
  runId: string;
}) {
  const close = (): void => setQuery({ at: undefined, span: undefined });
  const { event } = selection;
  if (event !== undefined) {
    return (
      <EventPanel line={event} address={runAddress(runId, event.event_id)} onClose={close}>
        {span === undefined ? null : (
          <button type="button" class="link" onClick={() => setQuery({ at: undefined, span: span.span_id })}>
            Its span
          </button>
        )}
      </EventPanel>
    );
  }
  if (span === undefined) return null;
  const events = lines.filter(({ span_id }) => span_id === span.span_id);
  return (
    <SpanPanel span={span} onClose={close}>
      <p class="ways">
        {events.length === 0 ? <span class="dim">No event was made from it.</span> : null}
        {events.map((line) => (
          <button
            key={line.event_id}
            type="button"
            class="link"
            onClick={() => setQuery({ at: line.event_id, span: undefined })}
          >
            {line.type.replace(/^agent\./, "")}
          </button>
        ))}
      </p>
    </SpanPanel>
  );
}

function RunBody({ id, run, feed }: { id: string; run: Run | null; feed: EventFeed }) {
  const { query } = place.value;
  const lines = feed.lines.value;
  const spans = useLoaded(
    async (signal) =>
      (await getUpTo<Span>(`/api/runs/${encodeURIComponent(id)}/spans`, MOST_SPANS, 2_000, {}, signal)).items,
    (change) => change.kind === "span" && change.trace_id === run?.trace_id,
    [id, run?.trace_id],
  );
  const selection = selectionOf(query, lines);
  const told = useMemo(
    () => new Set(lines.map(({ span_id }) => span_id).filter((span) => span !== undefined)),
    [lines],
  );
  const span = (spans.data.value ?? []).find(({ span_id }) => span_id === selection.spanId);
  const isOpen = selection.event !== undefined || span !== undefined;
  const step = (by: 1 | -1): void => {
    const at =
      selection.event === undefined ? (by === 1 ? -1 : lines.length) : lines.indexOf(selection.event);
    const next = lines[at + by];
    if (next !== undefined) setQuery({ at: next.event_id, span: undefined });
  };
  useKeys({
    Escape: () => setQuery({ at: undefined, span: undefined }),
    ArrowRight: () => step(1),
    ArrowLeft: () => step(-1),
  });
  if (lines.length === 0 && !feed.isLoaded.value) {
    const error = feed.error.value;
    return error === undefined ? (
      <Loading what="the events" />
    ) : (
      <Problem error={error} retry={() => void feed.read()} />
    );
  }
  return (
    <div class={`split${isOpen ? " is-open" : ""}`}>
      <div class="beside">
        <section aria-label="Events">
          <h2 class="section">
            Events <span class="dim">{count(lines.length)}</span>
          </h2>
          <RunEvents
            lines={lines}
            startUs={startOf(run ?? undefined, lines[0]?.replay_us)}
            selected={selection.event?.event_id}
            spanId={selection.spanId}
            runId={id}
            onOpen={(line) => setQuery({ at: line.event_id, span: undefined })}
          />
        </section>
        <section aria-label="Spans">
          <h2 class="section">
            Spans <span class="dim">over OTLP · {count(spans.data.value?.length ?? 0)}</span>
          </h2>
          <Shown loaded={spans} what="the spans">
            {(all) =>
              all.length === 0 ? (
                <NoSpans hasTrace={run?.trace_id != null} />
              ) : (
                <Spans
                  spans={all}
                  selected={selection.spanId}
                  own={run?.span_id ?? null}
                  told={told}
                  onSelect={(spanId) => setQuery({ at: undefined, span: spanId })}
                />
              )
            }
          </Shown>
        </section>
      </div>
      <Opened selection={selection} span={span} lines={lines} runId={id} />
    </div>
  );
}

export function RunView({ id }: { id: string }) {
  const run = useLoaded(
    (signal) => get<RunAnswer>(`/api/runs/${encodeURIComponent(id)}`, { limit: 1 }, signal),
    (change) => change.kind === "run" && change.id === id,
    [id],
  );
  const feed = useClosable(() => new EventFeed({ run: id }), [id]);
  return (
    <Shown loaded={run} what="the run">
      {({ run: found, unopened }) => (
        <>
          {found === null ? null : <RunHead run={found} />}
          {unopened === undefined ? null : <UnopenedHead run={unopened} />}
          <RunBody id={id} run={found} feed={feed} />
        </>
      )}
    </Shown>
  );
}
