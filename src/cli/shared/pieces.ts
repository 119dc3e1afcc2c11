/** A body, piece by piece, whose sender may fall silent. */

/**
 * Whoever stops reading ends the exchange.
 *
 * @param silenceMs longest wait for a piece.
 * @param silent what is thrown when none has come for so long.
 * @throws what the connection breaks with.
 */
export async function* piecesOf(
  body: ReadableStream<Uint8Array>,
  silenceMs: number,
  silent: () => Error,
): AsyncGenerator<Uint8Array, void, void> {
  const reader = body.getReader();
  let isSilent = false;
  try {
    for (;;) {
      const timer = setTimeout(() => {
        isSilent = true;
        void reader.cancel();
      }, silenceMs);
      const { done, value } = await reader.read().finally(() => clearTimeout(timer));
      if (isSilent) throw silent();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
