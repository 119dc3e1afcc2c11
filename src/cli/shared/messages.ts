/** Messages of server-sent events, as they come, until the stream ends. */
import { createParser, type EventSourceMessage } from "eventsource-parser";
import { ApieError } from "../../model/errors.ts";
import { piecesOf } from "./pieces.ts";

/** Servers give a sign every 15 s: after three that did not come the connection is dead. */
const SILENCE_MS = 45_000;
/** Characters of one message, and of a line that has not ended. */
const MAX_MESSAGE = 64 * 1024 * 1024;

export type { EventSourceMessage } from "eventsource-parser";

export interface MessageLimits {
  /** Without a sign for so long the connection is taken for dead. Default 45 s. */
  readonly silenceMs?: number;
  /** Longest message, in characters. */
  readonly maxMessage?: number;
}

/**
 * A message that the stream ends in the middle of is none.
 *
 * @throws {ApieError} of code `network` when the connection breaks, or nothing comes any more; `too_large` when a message is longer than may be.
 */
export async function* messagesOf(
  body: ReadableStream<Uint8Array>,
  { silenceMs = SILENCE_MS, maxMessage = MAX_MESSAGE }: MessageLimits = {},
): AsyncGenerator<EventSourceMessage, void, void> {
  const pending: EventSourceMessage[] = [];
  let isTooLarge = false;
  const parser = createParser({
    maxBufferSize: maxMessage,
    onEvent: (message) => pending.push(message),
    onError: ({ type }) => {
      isTooLarge ||= type === "max-buffer-size-exceeded";
    },
  });
  const decoder = new TextDecoder();
  const silent = () => new ApieError("network", `nothing came for ${silenceMs / 1_000} s`);
  try {
    for await (const piece of piecesOf(body, silenceMs, silent)) {
      parser.feed(decoder.decode(piece, { stream: true }));
      yield* pending.splice(0);
      if (isTooLarge) throw new ApieError("too_large", `a message is longer than ${maxMessage} characters`);
    }
  } catch (cause) {
    if (cause instanceof ApieError) throw cause;
    throw new ApieError("network", "the connection broke", { cause });
  }
}
