/** A list of any length, of which only what can be seen is in the document. */
import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
  type VirtualizerOptions,
} from "@tanstack/virtual-core";
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useReducer, useRef, useState } from "preact/hooks";

const OVERSCAN = 6;

export interface VirtualListProps {
  readonly label: string;
  readonly count: number;
  /** Height of a row in px. */
  readonly rowHeight: number;
  readonly children: (index: number) => ComponentChildren;
  /** The row to keep in view; when it changes, the list scrolls to it. */
  readonly focus?: number | undefined;
  /** Whether to stay at the end when rows are added there. */
  readonly follow?: boolean;
  readonly class?: string;
  readonly onEndReached?: (() => void) | undefined;
}

export function VirtualList({
  label,
  count,
  rowHeight,
  children,
  focus,
  follow,
  onEndReached,
  ...rest
}: VirtualListProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [, redraw] = useReducer((version: number) => version + 1, 0);
  const options: VirtualizerOptions<HTMLDivElement, HTMLDivElement> = {
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: OVERSCAN,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    onChange: () => redraw(undefined),
  };
  const [virtualizer] = useState(() => new Virtualizer<HTMLDivElement, HTMLDivElement>(options));
  virtualizer.setOptions(options);
  useLayoutEffect(() => virtualizer._didMount(), [virtualizer]);
  useLayoutEffect(() => virtualizer._willUpdate());
  useEffect(() => {
    if (focus !== undefined && focus >= 0 && focus < count)
      virtualizer.scrollToIndex(focus, { align: "auto" });
  }, [virtualizer, focus]);
  useEffect(() => {
    if (follow && count > 0) virtualizer.scrollToIndex(count - 1, { align: "end" });
  }, [virtualizer, follow, count]);
  const rows = virtualizer.getVirtualItems();
  // A row that scrolls out becomes the one that scrolls in: to fill an element anew is much cheaper than to make one.
  const slots = Math.ceil((virtualizer.scrollRect?.height ?? 0) / rowHeight) + 2 * OVERSCAN + 2;
  const last = rows.at(-1)?.index ?? 0;
  useEffect(() => {
    if (count > 0 && last >= count - 1) onEndReached?.();
  }, [last, count, onEndReached]);
  return (
    <section
      ref={scroller}
      class={`virtual ${rest.class ?? ""}`}
      style={{ "--content": `${count * rowHeight + 2}px` }}
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling area must be reachable with the keyboard
      tabIndex={0}
    >
      <ul class="virtual-space" style={{ height: `${virtualizer.getTotalSize()}px` }}>
        {rows.map((row) => (
          <li
            key={row.index % slots}
            class="virtual-row"
            aria-setsize={count}
            aria-posinset={row.index + 1}
            style={{ height: `${rowHeight}px`, transform: `translateY(${row.start}px)` }}
          >
            {children(row.index)}
          </li>
        ))}
      </ul>
    </section>
  );
}
