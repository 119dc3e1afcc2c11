/** All events, newest first: type, agent, tool, action, resource, and the JSON of one. */
import { get } from "../../data/api.ts";
import type { EventLine } from "../../data/event-line.ts";
import { useClosable, useLoaded } from "../../data/loaded.ts";
import type { EventsAnswer } from "../../data/records.ts";
import { plural } from "../../data/words.ts";
import { EventPanel } from "../../parts/event-panel.tsx";
import { clockOfUs } from "../../parts/format.ts";
import { useKeys } from "../../parts/keyboard.ts";
import { AgentSelect } from "../../parts/listing.tsx";
import { Head, Search, Select } from "../../parts/pieces.tsx";
import { place, setQuery } from "../../parts/router.ts";
import { Empty, Loading, Problem, WhatToSet } from "../../parts/states.tsx";
import { VirtualList } from "../../parts/virtual-list.tsx";
import { categoryOf, shortType, toneOf } from "../../replay/kinds.ts";
import { NewestEvents } from "./newest.ts";

const ROW_PX = 30;
const FILTERS = ["text", "type", "agent", "tool", "action", "resource"] as const;
const TYPES = [
  "tool.called",
  "action.requested",
  "action.completed",
  "action.failed",
  "resource.touched",
  "guardrail.evaluated",
  "approval.requested",
  "approval.resolved",
  "workflow.step.started",
  "workflow.step.completed",
  "workflow.step.failed",
  "llm.called",
  "llm.completed",
  "llm.failed",
  "mcp.called",
  "mcp.completed",
  "mcp.failed",
  "mcp.tools_listed",
  "handoff.requested",
  "handoff.accepted",
  "handoff.completed",
  "handoff.failed",
  "error",
];

const addressOf = (id: string): string => {
  const query = new URLSearchParams(place.peek().query);
  query.set("at", id);
  return `/events?${query}`;
};

function Row({ line, isCurrent }: { line: EventLine; isCurrent: boolean }) {
  const tone = toneOf(line);
  return (
    <a
      class={`event wide is-${categoryOf(line)}${tone === undefined ? "" : ` tells tone-${tone}`}`}
      href={addressOf(line.event_id)}
      aria-current={isCurrent ? "true" : undefined}
      data-event={line.event_id}
    >
      <span class="time">{clockOfUs(line.occurred_us)}</span>
      <span class="what">
        <span class="swatch" aria-hidden="true" />
        <span class="type">{shortType(line.type)}</span>
      </span>
      <span class="agent">{line.agent_key}</span>
      <span class="tool">{line.tool ?? line.model ?? ""}</span>
      <span class="action">{line.action ?? ""}</span>
      <span class="resource">{[line.resource, line.resource_id].filter(Boolean).join(" ")}</span>
      <span class="how">{line.error ?? line.reason ?? line.outcome ?? ""}</span>
    </a>
  );
}

const COLUMNS = ["Time", "Type", "Agent", "Tool or model", "Action", "Resource", "How it went"] as const;
const COLUMN_CLASSES = ["time", "what", "agent", "tool", "action", "resource", "how"] as const;

/** An event that an address names may be older than those that are read. */
function useEvent(id: string | undefined, known: EventLine | undefined): EventLine | undefined {
  const found = useLoaded(
    async (signal): Promise<EventLine | undefined> => {
      if (id === undefined || known !== undefined) return undefined;
      const { event } = await get<{ event: { seq: number } }>(
        `/api/events/${encodeURIComponent(id)}`,
        {},
        signal,
      );
      const query = { view: "lines", cursor: event.seq - 1, limit: 1 };
      return (await get<EventsAnswer>("/api/events", query, signal)).items[0];
    },
    () => false,
    [id, known === undefined],
  );
  return known ?? found.data.value;
}

export function EventsView() {
  const { query } = place.value;
  const filter = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) || undefined]));
  const events = useClosable(
    () => new NewestEvents(filter),
    FILTERS.map((name) => filter[name]),
  );
  const at = query.get("at") ?? undefined;
  const lines = events.lines.value;
  const current = useEvent(
    at,
    lines.find(({ event_id }) => event_id === at),
  );
  const index = lines.findIndex(({ event_id }) => event_id === at);
  const close = (): void => setQuery({ at: undefined });
  const step = (by: 1 | -1): void => {
    const next = lines[index + by];
    if (next !== undefined) setQuery({ at: next.event_id });
  };
  useKeys({ Escape: close, ArrowDown: () => step(1), ArrowUp: () => step(-1) });
  const choose = (name: (typeof FILTERS)[number]) => (value: string) => setQuery({ [name]: value });
  const error = events.error.value;
  return (
    <>
      <Head title="Events">
        <div class="filters">
          <Search value={filter.text ?? ""} placeholder="Anything in the event" onSearch={choose("text")} />
          <Select
            label="Type"
            value={filter.type ?? ""}
            choices={[
              { value: "", label: "any" },
              ...TYPES.map((type) => ({ value: `agent.${type}`, label: type })),
            ]}
            onChoose={choose("type")}
          />
          <AgentSelect value={filter.agent ?? ""} onChoose={choose("agent")} />
          {(["tool", "action", "resource"] as const).map((name) => (
            <label class="field" key={name}>
              <span>{name}</span>
              <input
                value={filter[name] ?? ""}
                size={10}
                maxLength={500}
                placeholder="any"
                onChange={(event) => choose(name)(event.currentTarget.value.trim())}
              />
            </label>
          ))}
        </div>
      </Head>
      {error === undefined ? null : <Problem error={error} retry={() => events.read()} />}
      {lines.length > 0 ? (
        <div class={`split${current === undefined ? "" : " is-open"}`}>
          <div class="event-table">
            <div class="event wide heads" aria-hidden="true">
              {COLUMNS.map((name, column) => (
                <span key={name} class={COLUMN_CLASSES[column]}>
                  {name}
                </span>
              ))}
            </div>
            <VirtualList
              class="events"
              label={`Events, newest first: ${COLUMNS.join(", ")}`}
              count={lines.length}
              rowHeight={ROW_PX}
              focus={index}
              onEndReached={() => events.readOlder()}
            >
              {(row) => {
                const line = lines[row];
                return line === undefined ? null : <Row line={line} isCurrent={line.event_id === at} />;
              }}
            </VirtualList>
            <p class="dim foot">
              {plural(lines.length, "event")}
              {events.hasOlder.value ? "; older ones come as you scroll" : ""}
            </p>
          </div>
          {current === undefined ? null : (
            <EventPanel line={current} address={addressOf(current.event_id)} onClose={close} />
          )}
        </div>
      ) : error !== undefined ? null : events.isLoaded.value ? (
        <Empty title={FILTERS.some((name) => filter[name]) ? "No event fits." : "No event yet."}>
          {FILTERS.some((name) => filter[name]) ? (
            <p>
              <a href="/events">Show all</a>.
            </p>
          ) : (
            <WhatToSet />
          )}
        </Empty>
      ) : (
        <Loading what="the events" />
      )}
    </>
  );
}
