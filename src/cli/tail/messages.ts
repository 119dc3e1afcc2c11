/** Messages of server-sent events, as they come, until the stream ends. */
import { createParser, type EventSourceMessage } from "eventsource-parser";
import { ApieError } from "../../model/errors.ts";

/** The server gives a sign every 15 s: after three that did not come the connection is dead. */
const SILENCE_MS = 45_000;

/** @throws {ApieError} of code `network` when the connection breaks, or nothing comes any more. */
export async function* messagesOf(
  body: ReadableStream<Uint8Array>,
  silenceMs = SILENCE_MS,
): AsyncGenerator<EventSourceMessage, void, void> {
  const pending: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (message) => pending.push(message) });
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let isSilent = false;
  try {
    for (;;) {
      const timer = setTimeout(() => {
        isSilent = true;
        void reader.cancel();
      }, silenceMs);
      const { done, value } = await reader.read().finally(() => clearTimeout(timer));
      if (isSilent) throw new ApieError("network", `nothing came for ${silenceMs / 1_000} s`);
      if (done) return;
      parser.feed(decoder.decode(value, { stream: true }));
      yield* pending.splice(0);
    }
  } catch (cause) {
    if (cause instanceof ApieError) throw cause;
    throw new ApieError("network", "the connection broke", { cause });
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
