/** A session as one JSON document, written piece by piece: a long one needs no memory. */
import type { LocalReader, SessionRecord } from "../../local/index.ts";

async function* listOf(items: AsyncIterable<unknown>): AsyncGenerator<string, void, void> {
  let separator = "[\n";
  for await (const item of items) {
    yield `${separator}${JSON.stringify(item)}`;
    separator = ",\n";
  }
  yield separator === "[\n" ? "[]" : "\n]";
}

/** `{"session", "runs", "events", "handoffs"}`, each as the read API answers it, an item to a line. */
export async function* sessionJson(
  reader: LocalReader,
  session: SessionRecord,
  count: <T>(items: AsyncIterable<T>) => AsyncIterable<T>,
): AsyncGenerator<string, void, void> {
  const below = `/api/sessions/${encodeURIComponent(session.id)}`;
  yield `{"session":${JSON.stringify(session)},\n"runs":`;
  yield* listOf(count(reader.items(`${below}/runs`)));
  yield `,\n"events":`;
  yield* listOf(count(reader.eachEventOf(session.id)));
  yield `,\n"handoffs":`;
  yield* listOf(count(reader.items(`${below}/handoffs`)));
  yield "}\n";
}
