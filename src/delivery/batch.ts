/** Events that go in one POST. */
import type { LongBody } from "../apie-api/index.ts";
import type { Attempted } from "./attempts.ts";
import type { EventItem } from "./items.ts";
import type { Lane } from "./lane.ts";

export interface Entry {
  readonly lane: Lane;
  readonly item: EventItem;
  readonly eventId: string | undefined;
  /** Complete wire form, ids bound. */
  readonly json: string;
  /** Its bytes as UTF-8. */
  readonly bytes: number;
  /** The short form, sent once the whole was refused. */
  trimmed: string | undefined;
}

const FRAME = { start: '{"events":[', end: "]}" };
const COMMA = 0x2c;
export const FRAME_BYTES = FRAME.start.length + FRAME.end.length;

const jsonOf = (entry: Entry): string => entry.trimmed ?? entry.json;

/** A batch keeps its lanes to itself until it is through: what comes after it in them stays behind it. */
export class Batch implements Attempted, LongBody {
  readonly lanes: ReadonlySet<Lane>;
  /** What is sent now. */
  entries: Entry[];
  /** What of the same lanes follows in order: the other parts of a batch that was refused whole. */
  readonly rest: Entry[][] = [];
  attempts = 0;
  notBefore = 0;
  flushEpoch = 0;
  flushTries = 0;
  /** Given up while its request was under way: the answer counts nothing any more. */
  abandoned = false;

  constructor(entries: Entry[], lanes: ReadonlySet<Lane>) {
    this.entries = entries;
    this.lanes = lanes;
  }

  /** The body of the request. */
  text(): string {
    const parts = [FRAME.start];
    for (const entry of this.entries) parts.push(jsonOf(entry), ",");
    parts[parts.length - 1] = FRAME.end;
    return parts.join("");
  }

  /** Of the body; one more than it has, for the comma after the last event. */
  get bytes(): number {
    let bytes = FRAME_BYTES;
    for (const { trimmed, bytes: whole } of this.entries) {
      bytes += 1 + (trimmed === undefined ? whole : Buffer.byteLength(trimmed));
    }
    return bytes;
  }

  writeInto(buffer: Buffer): number {
    let at = buffer.write(FRAME.start, 0);
    for (const entry of this.entries) {
      at += buffer.write(jsonOf(entry), at);
      buffer[at] = COMMA;
      at += 1;
    }
    return at - 1 + buffer.write(FRAME.end, at - 1);
  }

  /** Everything that is not settled. */
  get all(): Entry[] {
    return [...this.entries, ...this.rest.flat()];
  }

  /** Sends the first half next, the other after it. */
  halve(): void {
    const middle = Math.ceil(this.entries.length / 2);
    this.rest.unshift(this.entries.slice(middle));
    this.entries = this.entries.slice(0, middle);
  }

  /** Goes on to the part that follows. @returns `false` when there is none. */
  advance(): boolean {
    const next = this.rest.shift();
    this.entries = next ?? [];
    return next !== undefined;
  }

  /** Takes the first out that `select` says. */
  take(select: (entry: Entry) => boolean): Entry | undefined {
    const parts = [this.entries, ...this.rest];
    for (const part of parts) {
      const at = part.findIndex(select);
      if (at === -1) continue;
      const [entry] = part.splice(at, 1);
      const [entries, ...rest] = parts.filter(({ length }) => length > 0);
      this.entries = entries ?? [];
      this.rest.splice(0, this.rest.length, ...rest);
      return entry;
    }
    return undefined;
  }
}
