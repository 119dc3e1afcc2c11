/** The events of the replay, under the run and step they belong to. */

import { membersOf, textOf } from "../../data/members.ts";
import { EventRow } from "../../parts/event-row.tsx";
import { duration, offset } from "../../parts/format.ts";
import { Status } from "../../parts/pieces.tsx";
import { runAddress, sessionAddress } from "../../parts/router.ts";
import { Empty } from "../../parts/states.tsx";
import { VirtualList } from "../../parts/virtual-list.tsx";
import type { Item } from "../../replay/groups.ts";
import { byReplay } from "../../replay/order.ts";
import type { Player } from "./player.ts";

const ROW_PX = 30;

function GroupRow({ item }: { item: Extract<Item, { kind: "group" }> }) {
  const { lane, step, isBeginning } = item;
  const input = lane?.run?.input_summary;
  return (
    <div
      class={`group${isBeginning ? " begins" : ""}`}
      style={{ paddingLeft: `${10 + (lane?.depth ?? 0) * 14}px` }}
    >
      <span aria-hidden="true">{isBeginning ? "▸" : "·"}</span>
      {lane === undefined || lane.id === "" ? (
        <b>outside of runs</b>
      ) : (
        <a href={runAddress(lane.id)}>
          <b>{lane.name}</b>
        </a>
      )}
      {step === undefined ? null : <span class="step">{step}</span>}
      {isBeginning && input ? <span class="dim clip">“{input}”</span> : null}
    </div>
  );
}

function EndRow({ item: { lane } }: { item: Extract<Item, { kind: "end" }> }) {
  const output = textOf(membersOf(lane.run?.completion_metadata).outputSummary);
  return (
    <div class="group ends" style={{ paddingLeft: `${10 + lane.depth * 14}px` }}>
      <span aria-hidden="true">◂</span>
      <b>{lane.name}</b>
      <Status status={lane.run?.status ?? ""} />
      <span class="dim">{duration(((lane.endUs ?? 0) - lane.startUs) / 1_000)}</span>
      {output === undefined ? null : <span class="dim clip">{output}</span>}
    </div>
  );
}

export function EventList({ player, sessionId }: { player: Player; sessionId: string }) {
  const items = player.items.value;
  const current = player.current.value;
  const { startUs } = player.scale.value;
  if (items.length === 0) {
    return player.lines.value.length === 0 ? (
      <Empty title="Nothing has happened in this session yet.">
        <p>Events show here as they come.</p>
      </Empty>
    ) : (
      <Empty title="The filter hides every event.">
        <p>Show more kinds, or search for less.</p>
      </Empty>
    );
  }
  return (
    <VirtualList
      class="events"
      label="Events of the session in order"
      count={items.length}
      rowHeight={ROW_PX}
      focus={player.itemIndex.value}
      follow={player.isFollowing.value}
    >
      {(index) => {
        const item = items[index];
        if (item === undefined) return null;
        if (item.kind === "group") return <GroupRow item={item} />;
        if (item.kind === "end") return <EndRow item={item} />;
        const { line, lane } = item;
        return (
          <EventRow
            line={line}
            href={sessionAddress(sessionId, line.event_id)}
            time={offset(line.replay_us - startUs)}
            depth={(lane?.depth ?? 0) + 1}
            isCurrent={line.event_id === current?.event_id}
            isLater={current !== undefined && byReplay(line, current) > 0}
            onOpen={() => player.goTo(line.event_id)}
          />
        );
      }}
    </VirtualList>
  );
}
