/** Reads a file or standard input and finds out what it holds: events, or OTLP; JSON, JSON lines or protobuf; also gzipped. */
import { reasonOf } from "../../model/errors.ts";
import { UsageError } from "../failure.ts";
import { readBytes } from "../shared/files.ts";

/** One event, and where it stands: `[3]`, `events[3]`, `line 4`. */
export interface Placed<T> {
  readonly at: string;
  readonly value: T;
}

/** Something that cannot be read as what the rest is. */
export interface Unreadable {
  readonly at: string;
  readonly message: string;
}

export type Input =
  | {
      readonly kind: "events";
      readonly events: readonly Placed<unknown>[];
      readonly unreadable: readonly Unreadable[];
    }
  | {
      readonly kind: "otlp";
      readonly encoding: "json" | "protobuf";
      /** Bodies of requests, encoded. */
      readonly requests: readonly Placed<Uint8Array>[];
      readonly unreadable: readonly Unreadable[];
    };

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

type Parsed =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly message: string };

function parse(text: string): Parsed {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    // Node quotes what is around the mistake, which may be anything.
    return {
      ok: false,
      message: reasonOf(error).replace(/,? (?:\.\.\.)?".*"(?:\.\.\.)? is not valid JSON$/s, ""),
    };
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isOtlp = (value: unknown): boolean =>
  isObject(value) && ("resourceSpans" in value || "resource_spans" in value);

function eventsIn(value: unknown): Placed<unknown>[] {
  if (Array.isArray(value)) return value.map((one, index) => ({ at: `[${index}]`, value: one }));
  if (isObject(value) && Array.isArray(value.events) && !("type" in value))
    return value.events.map((one: unknown, index) => ({ at: `events[${index}]`, value: one }));
  return [{ at: "event", value }];
}

interface Line {
  readonly at: string;
  readonly text: string;
  readonly parsed: Parsed;
}

const linesOf = (text: string): Line[] =>
  text.split("\n").flatMap((line, index) => {
    const trimmed = line.trim();
    return trimmed === "" ? [] : [{ at: `line ${index + 1}`, text: trimmed, parsed: parse(trimmed) }];
  });

function fromLines(lines: readonly Line[]): Input {
  const unreadable = lines.flatMap(({ at, parsed }) =>
    parsed.ok ? [] : [{ at, message: `not readable as JSON: ${parsed.message}` }],
  );
  const readable = lines.flatMap(({ at, text, parsed }) =>
    parsed.ok ? [{ at, text, value: parsed.value }] : [],
  );
  if (readable.some(({ value }) => isOtlp(value))) {
    const requests = readable.map(({ at, text }) => ({ at, value: Buffer.from(text) }));
    return { kind: "otlp", encoding: "json", requests, unreadable };
  }
  return { kind: "events", events: readable.map(({ at, value }) => ({ at, value })), unreadable };
}

const PROTOBUF_FIELD_1 = 0x0a;

/** @param path `-`: standard input. @throws {UsageError} when it cannot be read, or is neither JSON nor OTLP. */
export async function readInput(path: string): Promise<Input> {
  const bytes = await readBytes(path);
  const text = textOf(bytes)?.replace(/^\uFEFF/, "");
  const protobuf: Input = {
    kind: "otlp",
    encoding: "protobuf",
    requests: [{ at: "body", value: bytes }],
    unreadable: [],
  };
  if (text === undefined) return protobuf;
  const what = path === "-" ? "Standard input" : path;
  if (text.trim() === "") throw new UsageError(`${what} is empty: give events, or an OTLP export of traces`);
  const whole = parse(text);
  if (whole.ok) {
    if (isOtlp(whole.value))
      return { kind: "otlp", encoding: "json", requests: [{ at: "body", value: bytes }], unreadable: [] };
    return { kind: "events", events: eventsIn(whole.value), unreadable: [] };
  }
  const lines = linesOf(text);
  if (lines.length > 1 && lines[0]?.parsed.ok) return fromLines(lines);
  // Short protobuf may be UTF-8 by chance; it begins with the field resource_spans, which no JSON does.
  if (bytes[0] === PROTOBUF_FIELD_1 && !/^\s*[[{"]/.test(text)) return protobuf;
  throw new UsageError(`${what} is neither JSON, JSON lines nor OTLP: ${whole.message}`);
}
