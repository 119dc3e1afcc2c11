/**
 * Bodies that are written into a buffer right before they are sent. A batch of events has hundreds of kilobytes: as a text it
 * would be joined, measured and encoded, each time into memory that is new; buffers are used again.
 */

export interface LongBody {
  /** Bytes it takes as UTF-8, or a little more. */
  readonly bytes: number;
  /** @returns the bytes written, from the beginning. */
  writeInto(buffer: Uint8Array): number;
  /** The same as text, for clients that take no bytes. */
  text(): string;
}

/** Smaller ones are sent in one piece with their headers. */
export const MIN_LONG_BODY = 65_536;
const MIN_BUFFER = 131_072;
/** Larger ones are not kept. */
const MAX_BUFFER = 1_048_576;
const MAX_FREE = 4;

export class BodyBuffers {
  readonly #free: Buffer[] = [];

  /** @returns a buffer that may be larger, with anything in it. */
  take(bytes: number): Buffer {
    const fitting = this.#free.findIndex((buffer) => buffer.length >= bytes);
    const [buffer] = fitting < 0 ? [] : this.#free.splice(fitting, 1);
    return buffer ?? Buffer.allocUnsafeSlow(Math.max(MIN_BUFFER, 2 ** Math.ceil(Math.log2(bytes))));
  }

  /** Only what the system has taken over whole: what is written into it now must not be sent in its place. */
  giveBack(buffer: Buffer): void {
    if (this.#free.length < MAX_FREE && buffer.length <= MAX_BUFFER) this.#free.push(buffer);
  }
}
