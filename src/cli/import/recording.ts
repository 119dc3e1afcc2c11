/** Documents that were kept in a file: JSON, JSON lines, or a stream as it was received. */
import { createParser } from "eventsource-parser";
import { UsageError } from "../failure.ts";
import { readBytes } from "../shared/files.ts";

/** Frames about the stream itself are named in lower case, events are not. */
const isControl = (value: unknown): boolean => {
  const { event } = (value ?? {}) as { event?: unknown };
  return typeof event === "string" && /^[a-z]/.test(event);
};

/** @param path `-`: standard input. @throws {UsageError} when it cannot be read, or holds nothing of these. */
export async function readRecording(path: string): Promise<unknown> {
  const what = path === "-" ? "Standard input" : path;
  const text = new TextDecoder().decode(await readBytes(path)).replace(/^\uFEFF/, "");
  if (text.trim() === "") throw new UsageError(`${what} is empty`);
  const whole = parsed(text);
  if (whole !== undefined) return Array.isArray(whole) ? whole.filter((one) => !isControl(one)) : whole;
  const messages = /^(?:event|data|id|retry)?:/m.test(text) ? dataOf(text) : text.split("\n");
  const values = messages.flatMap((line) => (line.trim() === "" ? [] : [parsed(line)]));
  const wrong = values.indexOf(undefined);
  if (values.length === 0 || wrong >= 0)
    throw new UsageError(`${what} is neither JSON, JSON lines nor a recorded stream of events`);
  return values.filter((value) => !isControl(value));
}

function dataOf(text: string): string[] {
  const data: string[] = [];
  const parser = createParser({ onEvent: (message) => data.push(message.data) });
  parser.feed(text);
  return data;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
