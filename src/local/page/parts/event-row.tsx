/** One event as a line: when, who, what, about what, how it went. */
import type { ComponentChildren } from "preact";
import type { EventLine } from "../data/event-line.ts";
import { categoryOf, detailOf, shortType, subjectOf, toneOf } from "../replay/kinds.ts";
import { duration } from "./format.ts";

export interface EventRowProps {
  readonly line: EventLine;
  /** Address of the moment. */
  readonly href: string;
  readonly time: string;
  readonly who?: ComponentChildren;
  readonly depth?: number;
  readonly isCurrent: boolean;
  readonly isLater?: boolean;
  readonly isMarked?: boolean;
  readonly onOpen: () => void;
}

export function EventRow({
  line,
  href,
  time,
  who,
  depth = 0,
  isCurrent,
  isLater,
  isMarked,
  onOpen,
}: EventRowProps) {
  const tone = toneOf(line);
  const classes = ["event", `is-${categoryOf(line)}`];
  if (tone !== undefined) classes.push("tells", `tone-${tone}`);
  if (isLater) classes.push("later");
  if (isMarked) classes.push("marked");
  return (
    <a
      class={classes.join(" ")}
      href={href}
      aria-current={isCurrent ? "true" : undefined}
      data-event={line.event_id}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        onOpen();
      }}
    >
      <span class="time">{time}</span>
      {who === undefined ? null : <span class="who">{who}</span>}
      <span class="what" style={{ paddingLeft: `${depth * 14}px` }}>
        <span class="swatch" aria-hidden="true" />
        <span class="type">{shortType(line.type)}</span>
      </span>
      <span class="about">{subjectOf(line)}</span>
      <span class="how">{detailOf(line)}</span>
      <span class="took">{duration(line.duration_ms)}</span>
    </a>
  );
}
