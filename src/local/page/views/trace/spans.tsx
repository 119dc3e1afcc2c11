/** The spans of a trace as a waterfall. */
import { useMemo } from "preact/hooks";
import type { Span } from "../../data/records.ts";
import { duration } from "../../parts/format.ts";
import { Icon } from "../../parts/icons.tsx";
import { VirtualList } from "../../parts/virtual-list.tsx";
import { type SpanRow, waterfallOf } from "./waterfall.ts";

const ROW_PX = 28;

export interface SpansProps {
  readonly spans: readonly Span[];
  readonly selected: string | undefined;
  /** The span that the run is. */
  readonly own?: string | null;
  /** Spans that events were made from. */
  readonly told?: ReadonlySet<string>;
  readonly onSelect: (spanId: string) => void;
}

function Row({
  row,
  totalMs,
  isSelected,
  isOwn,
  isTold,
  onSelect,
}: {
  row: SpanRow;
  totalMs: number;
  isSelected: boolean;
  isOwn: boolean;
  isTold: boolean;
  onSelect: () => void;
}) {
  const { span, depth, startMs, durationMs, isOrphan } = row;
  const share = (ms: number): string => `${totalMs === 0 ? 0 : (ms / totalMs) * 100}%`;
  const isError = span.status.code === "error";
  return (
    <button
      type="button"
      class={`span-row${isError ? " tone-error" : ""}${isTold ? " told" : ""}`}
      aria-pressed={isSelected}
      data-span={span.span_id}
      onClick={onSelect}
    >
      <span class="span-name" style={{ paddingLeft: `${8 + depth * 12}px` }}>
        {isOrphan ? (
          <span class="dim" title="Its parent span did not come">
            ⋯{" "}
          </span>
        ) : null}
        {isOwn ? <b>{span.name}</b> : span.name}
        {span.links.length === 0 ? null : (
          <span class="links" title={`${span.links.length} links to other spans`}>
            <Icon name="link" />
            <span class="hidden">links: </span>
            {span.links.length}
          </span>
        )}
      </span>
      <span class="span-track">
        <span
          class={`span-bar is-${span.kind}`}
          style={{ left: share(startMs), width: `max(2px, ${share(durationMs)})` }}
        />
      </span>
      <span class="took">{duration(durationMs)}</span>
    </button>
  );
}

export function Spans({ spans, selected, own, told, onSelect }: SpansProps) {
  const { rows, totalMs } = useMemo(() => waterfallOf(spans), [spans]);
  const index = rows.findIndex(({ span }) => span.span_id === selected);
  return (
    <VirtualList class="spans" label="Spans by start" count={rows.length} rowHeight={ROW_PX} focus={index}>
      {(at) => {
        const row = rows[at];
        if (row === undefined) return null;
        const id = row.span.span_id;
        return (
          <Row
            row={row}
            totalMs={totalMs}
            isSelected={id === selected}
            isOwn={id === own}
            isTold={told?.has(id) ?? false}
            onSelect={() => onSelect(id)}
          />
        );
      }}
    </VirtualList>
  );
}
