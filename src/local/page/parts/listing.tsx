/** A list of the server's as a table: filtered by what the address says, newest first, more of it when asked for. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { getUpTo } from "../data/api.ts";
import { type Loaded, useLoaded } from "../data/loaded.ts";
import type { Agent } from "../data/records.ts";
import { choices, Select } from "./pieces.tsx";
import { place, setQuery } from "./router.ts";

const PAGE = 50;
const MORE = 200;

export interface Listing<T, Name extends string> {
  readonly loaded: Loaded<{ items: T[]; hasMore: boolean }>;
  /** What the address says; empty where it says nothing. */
  readonly filter: Readonly<Record<Name, string>>;
  readonly isFiltered: boolean;
  readonly choose: (name: Name) => (value: string) => void;
  readonly more: () => void;
}

/** @param kinds of changes after which it is read again */
export function useListing<T, Name extends string>(
  path: string,
  names: readonly Name[],
  kinds: readonly string[],
): Listing<T, Name> {
  const { query } = place.value;
  const [limit, setLimit] = useState(PAGE);
  const filter = Object.fromEntries(names.map((name) => [name, query.get(name) ?? ""])) as Record<
    Name,
    string
  >;
  const loaded = useLoaded(
    (signal) => getUpTo<T>(path, limit, 500, filter, signal),
    ({ kind }) => kinds.includes(kind),
    [limit, ...names.map((name) => filter[name])],
  );
  return {
    loaded,
    filter,
    isFiltered: names.some((name) => filter[name] !== ""),
    choose: (name) => (value) => setQuery({ [name]: value }),
    more: () => setLimit(limit + MORE),
  };
}

export interface Column<T> {
  readonly title: string;
  readonly isNumber?: boolean;
  /** What the row is called by. */
  readonly isName?: boolean;
  readonly cell: (item: T) => ComponentChildren;
}

const classOf = <T,>({ isNumber }: Column<T>): string | undefined => (isNumber ? "number" : undefined);

/** On a small screen a row is a card, and each cell says what it is. */
function Cell<T>({ column, item }: { column: Column<T>; item: T }) {
  const Element = column.isName ? "th" : "td";
  return (
    <Element scope={column.isName ? "row" : undefined} class={classOf(column)} data-title={column.title}>
      {column.cell(item)}
    </Element>
  );
}

export function Table<T>({
  caption,
  columns,
  items,
  idOf,
  toneOf,
  more,
}: {
  caption: string;
  columns: readonly Column<T>[];
  items: readonly T[];
  idOf: (item: T) => string;
  /** A class for the row. */
  toneOf?: (item: T) => string;
  /** Where there is more. */
  more?: (() => void) | undefined;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling area must be reachable with the keyboard
    <section class="table-frame" aria-label={caption} tabIndex={0}>
      <table>
        <caption class="hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.title} scope="col" class={classOf(column)}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr key={idOf(item)} class={toneOf?.(item)}>
              {columns.map((column) => (
                <Cell key={column.title} column={column} item={item} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {more === undefined ? null : (
        <button type="button" class="more" onClick={more}>
          Show more
        </button>
      )}
    </section>
  );
}

const STATUSES = ["running", "completed", "failed", "cancelled"] as const;

type Chosen = { value: string; onChoose: (value: string) => void };

export const StatusSelect = ({ value, onChoose }: Chosen) => (
  <Select label="Status" value={value} choices={choices("any", STATUSES)} onChoose={onChoose} />
);

export function AgentSelect({ value, onChoose }: Chosen) {
  const agents = useLoaded(
    (signal) => getUpTo<Agent>("/api/agents", 500, 500, {}, signal),
    ({ kind }) => kind === "agent",
    [],
  );
  const keys = (agents.data.value?.items ?? []).map(({ key }) => key).sort();
  return <Select label="Agent" value={value} choices={choices("any", keys)} onChoose={onChoose} />;
}
