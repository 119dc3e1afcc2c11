/**
 * Makes plain, bounded, JSON-safe data of anything. What cannot be written (a cycle, a getter that throws, a function)
 * costs that place only, and says so there.
 */
import { blobMark, withoutBlobs } from "./base64.ts";
import { setOwn } from "./own.ts";

export interface PlainLimits {
  /** Levels of objects and lists. */
  depth: number;
  /** Members of one object, items of one list. */
  items: number;
  /** Characters of one text. */
  text: number;
  /** Values in all: a few objects that share members can mean millions. Default 20,000. */
  values?: number;
  /** Characters in all. Default 131,072. */
  characters?: number;
  /** What is too long loses its middle, not its end: texts, and lists in the two uppermost levels. Default `false`. */
  keepsEnds?: boolean;
}

const LIMITS: Required<PlainLimits> = {
  depth: 8,
  items: 200,
  text: 16_384,
  values: 20_000,
  characters: 131_072,
  keepsEnds: false,
};

/** Members that say what the data beside them is. */
const MEDIA_TYPES = ["mediaType", "media_type", "mimeType", "mime_type"] as const;
const MEDIA_TYPE = /^[\w.+-]{1,64}\/[\w.+-]{1,64}(?![\w.+-])/;
/** Levels in which lists may be conversations. */
const CONVERSATION_LEVELS = 2;
/** Shorter texts hold no file. */
const MIN_BLOB = 256;

const MAX_NAME = 256;

/** Well-formed Unicode, also where it is cut: half a surrogate pair is no character. */
export function truncateText(text: string, limit: number): string {
  if (text.length <= limit) return text.isWellFormed() ? text : text.toWellFormed();
  return cut(text, limit);
}

const cut = (text: string, end: number): string =>
  `${part(text, 0, end)}…[${text.length - end} more characters]`;

/** A copy, made well-formed: a slice would keep the whole text in memory, of which it may be a thousandth. */
export const part = (text: string, start: number, end: number): string =>
  Buffer.from(text.slice(start, end)).toString();

/** As `truncateWords`, with the end: of a long prompt the question may stand there. */
function truncateMiddle(text: string, limit: number): string {
  const tail = Math.floor(limit / 4);
  if (text.length <= limit || tail <= MAX_WORD) return truncateWords(text, limit);
  const start = text.length - tail;
  // Not in the middle of a word: the end of a secret is not known as one.
  const word = /^[^\s"',;]*/.exec(text.slice(start))?.[0].length ?? 0;
  if (word === tail) return truncateWords(text, limit);
  const end = part(text, start + word, text.length);
  const beginning = truncateWords(text.slice(0, text.length - end.length), limit - tail);
  return `${beginning}…${end}`;
}

/** Longer words are cut between their parts or not at all; a secret of that length is recognised by its beginning. */
const MAX_WORD = 256;

/** As `truncateText`, for what is still to be redacted: half of a secret would not be recognised as one. */
export function truncateWords(text: string, limit: number): string {
  return text.length <= limit ? truncateText(text, limit) : cut(text, wordsWithin(text, limit));
}

/** Where a text that is longer than the limit may be cut: between words, or else between the parts of an address. */
export function wordsWithin(text: string, limit: number): number {
  if (limit <= MAX_WORD) return limit;
  const tail = text.slice(limit - MAX_WORD, limit);
  const word = /[^\s"',;]*$/.exec(tail)?.[0].length ?? 0;
  if (word < MAX_WORD) return limit - word;
  const part = /[^/&?#|<>(){}[\]\\]*$/.exec(tail)?.[0].length ?? 0;
  return part < MAX_WORD ? limit - part : limit;
}

export function toPlain(value: unknown, limits: PlainLimits = LIMITS): unknown {
  return new PlainCopy(limits).copy(value, limits.depth);
}

/** @returns `undefined` for anything that is not an object of named members. */
export function toPlainObject(
  value: unknown,
  limits: PlainLimits = LIMITS,
): Record<string, unknown> | undefined {
  const plain = toPlain(value, limits);
  return typeof plain === "object" && plain !== null && !Array.isArray(plain)
    ? (plain as Record<string, unknown>)
    : undefined;
}

class PlainCopy {
  readonly #limits: Required<PlainLimits>;
  readonly #above = new Set<object>();
  #values: number;
  #characters: number;

  constructor(limits: PlainLimits) {
    this.#limits = { ...LIMITS, ...limits };
    this.#values = this.#limits.values;
    this.#characters = this.#limits.characters;
  }

  copy(value: unknown, depth: number): unknown {
    if (this.#values <= 0) return "[Too large]";
    this.#values -= 1;
    switch (typeof value) {
      case "string":
        return blobMark(value) ?? this.#text(value);
      case "number":
        // JSON has one zero.
        return Number.isFinite(value) ? value + 0 : String(value);
      case "boolean":
        return value;
      case "bigint":
        return this.#text(value.toString());
      case "symbol":
      case "function":
      case "undefined":
        return undefined;
    }
    if (typeof value !== "object" || value === null) return null;
    if (this.#above.has(value)) return "[Circular]";
    if (depth <= 0) return "[Too deep]";
    this.#above.add(value);
    try {
      return this.#object(value, depth - 1);
    } catch {
      // A Proxy, or a toJSON that throws.
      return "[Unreadable]";
    } finally {
      this.#above.delete(value);
    }
  }

  #text(text: string): string {
    const limit = Math.min(this.#limits.text, Math.max(0, this.#characters));
    const legible = text.length < MIN_BLOB ? text : withoutBlobs(text, limit);
    const shorter = this.#limits.keepsEnds ? truncateMiddle(legible, limit) : truncateWords(legible, limit);
    this.#characters -= shorter.length;
    return shorter;
  }

  #object(value: object, depth: number): unknown {
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
    if (value instanceof Error) return { name: this.#text(value.name), message: this.#text(value.message) };
    if (value instanceof RegExp) return this.#text(String(value));
    if (value instanceof String || value instanceof Number || value instanceof Boolean)
      return this.copy(value.valueOf(), depth);
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
    if (Array.isArray(value)) {
      const isUpper = depth >= this.#limits.depth - CONVERSATION_LEVELS;
      return this.#limits.keepsEnds && isUpper
        ? this.#ends(value, depth)
        : this.#items(value, value.length, depth);
    }
    if (value instanceof Set) return this.#items(value, value.size, depth);
    if (value instanceof Map) return this.#map(value, depth);
    const { toJSON } = value as { toJSON?: unknown };
    if (typeof toJSON === "function") return this.copy(toJSON.call(value), depth);
    return this.#members(value, depth);
  }

  #items(items: Iterable<unknown>, size: number, depth: number): unknown[] {
    const copies: unknown[] = [];
    for (const item of items) {
      if (copies.length === this.#limits.items) break;
      copies.push(this.copy(item, depth) ?? null);
    }
    if (size > copies.length) copies.push(`[${size - copies.length} more items]`);
    return copies;
  }

  /** The first, and as many of the last as there is room for. */
  #ends(list: readonly unknown[], depth: number): unknown[] {
    if (list.length === 0) return [];
    const first = this.copy(list[0], depth) ?? null;
    const last: unknown[] = [];
    for (let index = list.length - 1; index > 0; index -= 1) {
      if (last.length + 1 >= this.#limits.items || this.#characters <= 0 || this.#values <= 0) break;
      last.push(this.copy(list[index], depth) ?? null);
    }
    const left = list.length - 1 - last.length;
    const note = left > 0 ? [`[${left} more items]`] : [];
    return [first, ...note, ...last.reverse()];
  }

  #map(map: ReadonlyMap<unknown, unknown>, depth: number): Record<string, unknown> {
    const copies: Record<string, unknown> = {};
    let taken = 0;
    for (const [key, value] of map) {
      if (taken === this.#limits.items) break;
      taken += 1;
      this.#set(copies, String(key), this.copy(value, depth));
    }
    return noted(copies, map.size - taken);
  }

  #members(value: object, depth: number): Record<string, unknown> {
    const copies: Record<string, unknown> = {};
    const names = Object.keys(value);
    const mediaType = mediaTypeOf(value, names);
    for (const name of names.slice(0, this.#limits.items)) {
      this.#set(copies, name, this.#member(value, name, depth, mediaType));
    }
    return noted(copies, names.length - this.#limits.items);
  }

  #member(value: object, name: string, depth: number, mediaType: string | undefined): unknown {
    try {
      const member = (value as Record<string, unknown>)[name];
      const blob =
        mediaType !== undefined && typeof member === "string" ? blobMark(member, mediaType) : undefined;
      return blob ?? this.copy(member, depth);
    } catch {
      // A getter that throws.
      return "[Unreadable]";
    }
  }

  #set(copies: Record<string, unknown>, name: string, value: unknown): void {
    if (value !== undefined) setOwn(copies, truncateText(name, MAX_NAME), value);
  }
}

function mediaTypeOf(value: object, names: readonly string[]): string | undefined {
  const name = MEDIA_TYPES.find((candidate) => names.includes(candidate));
  if (name === undefined) return undefined;
  try {
    const mediaType = (value as Record<string, unknown>)[name];
    return typeof mediaType === "string" ? MEDIA_TYPE.exec(mediaType)?.[0] : undefined;
  } catch {
    // A getter that throws says nothing.
    return undefined;
  }
}

function noted(copies: Record<string, unknown>, left: number): Record<string, unknown> {
  if (left > 0) copies["…"] = `${left} more members`;
  return copies;
}
