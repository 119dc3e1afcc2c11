/** Events and hand-offs in the form they have in the queue file. */
import type { HandoffBody } from "../../apie-api/index.ts";
import type { EventItem, HandoffItem, LaneItem, WrittenEvent } from "../items.ts";
import { ITEM_KINDS, type ItemRow } from "./store.ts";

/** Of a row beside its text: columns and indexes. */
const ROW_BYTES = 160;

/** What an item takes in the file, which is about what it takes in memory. */
export const rowBytes = (...texts: (string | null)[]): number =>
  texts.reduce((sum, text) => sum + (text === null ? 0 : Buffer.byteLength(text)), ROW_BYTES);

/** Room for the ids of Apie that come in when the event is sent: with them it keeps within the size limit. */
const IDS_TO_COME = " ".repeat(240);

interface Stored {
  /** Its place in the file. */
  readonly seq: number;
  /** Whether it is in the file. */
  saved: boolean;
  readonly row: ItemRow;
}

/** An event that was written as JSON, without its ids of Apie and the closing brace. */
export class StoredEvent implements EventItem, Stored {
  readonly kind = "event";
  readonly row: ItemRow;
  ticket: number;
  saved: boolean;

  constructor(row: ItemRow, ticket: number, saved: boolean) {
    this.row = row;
    this.ticket = ticket;
    this.saved = saved;
  }

  get seq(): number {
    return this.row.seq;
  }

  get bytes(): number {
    return this.row.bytes;
  }

  /** Asked for losses only. */
  get type(): string {
    return parsed<{ type?: string }>(`${this.row.json}}`)?.type ?? "unknown";
  }

  write(bound: string): WrittenEvent {
    return { eventId: this.row.eventId ?? undefined, json: `${this.row.json}${bound}}` };
  }
}

export class StoredHandoff implements HandoffItem, Stored {
  readonly kind = "handoff";
  readonly type = "handoff";
  readonly row: ItemRow;
  readonly body: HandoffBody;
  readonly target: { readonly id: string | undefined } | undefined;
  ticket: number;
  saved: boolean;

  constructor(row: ItemRow, ticket: number, saved: boolean, target: HandoffItem["target"]) {
    this.row = row;
    this.ticket = ticket;
    this.saved = saved;
    this.body = handoffIn(row).body;
    this.target = target;
  }

  get seq(): number {
    return this.row.seq;
  }

  get bytes(): number {
    return this.row.bytes;
  }
}

export type StoredItem = StoredEvent | StoredHandoff;

export const isStored = (item: LaneItem): item is StoredItem =>
  item instanceof StoredEvent || item instanceof StoredHandoff;

/** Whether the file has it: it outlives the process. */
export const isKept = (item: LaneItem): boolean => isStored(item) && item.saved;

/** A hand-off in its row. */
export interface HandoffText {
  readonly body: HandoffBody;
  /** Lane row of the receiving run, and Apie's id of it where that was known. */
  readonly target?: number | undefined;
  readonly targetId?: string | undefined;
}

/** What a row says of a hand-off. */
export const handoffIn = ({ json }: ItemRow): HandoffText =>
  parsed<HandoffText>(json) ?? { body: { status: "requested" } };

/** A file has no check sums: what it gives may be damaged. */
function parsed<T>(json: string): T | undefined {
  try {
    return JSON.parse(json) as T;
  } catch {
    return undefined;
  }
}

/** What was written of an event, up to its ids. @throws what the writing throws. */
export function writtenForStore(item: EventItem): WrittenEvent | undefined {
  const written = item.write(IDS_TO_COME);
  if (written === undefined) return undefined;
  return { eventId: written.eventId, json: written.json.slice(0, -(IDS_TO_COME.length + 1)) };
}

export function eventRow(seq: number, at: number, { eventId, json }: WrittenEvent): ItemRow {
  const id = eventId ?? null;
  return { seq, kind: ITEM_KINDS.event, at, bytes: rowBytes(json, id), eventId: id, json };
}

export function handoffRow(seq: number, at: number, text: HandoffText): ItemRow {
  const json = JSON.stringify(text);
  return { seq, kind: ITEM_KINDS.handoff, at, bytes: rowBytes(json), eventId: null, json };
}
