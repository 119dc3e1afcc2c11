/**
 * What a message may repeat, as a text that is searched for many words: an answer to a batch has a message for each of hundreds
 * of events, and the batch half a million characters.
 */

/** Characters of the pieces that are looked up first. */
const GRAM = 8;
const MIN_BITS = 12;
const MAX_BITS = 23;
/** Bits for each piece, as a power of two: one in sixteen that is not there looks as if it were, and is searched for. */
const ROOM_BITS = 4;
const FACTOR = 0x01000193;
/** The factor of the character that leaves a piece. */
const LEAVING = Array.from({ length: GRAM }).reduce<number>((power) => Math.imul(power, FACTOR), 1);
const SPREAD = 0x9e3779b1;

/** Characters that are searched through one by one, for one text given. Some milliseconds. */
const MAX_SEARCHED = 16 * 1_048_576;

export class Given {
  readonly #text: string;
  readonly #found = new Map<string, boolean>();
  readonly #values = new Map<string, boolean>();
  #pieces: Pieces | undefined;
  #left = MAX_SEARCHED;

  constructor(text: string) {
    this.#text = text;
  }

  /** Whether it stands in the text. When too much was searched for, everything that may is said to: rather too little is told. */
  has(part: string): boolean {
    const known = this.#found.get(part);
    if (known !== undefined) return known;
    const has = this.#mayHave(part) && this.#search(part, 0) >= 0;
    this.#found.set(part, has);
    return has;
  }

  /** Whether it stands in the text, of JSON, other than as the name of a member. */
  hasValue(word: string): boolean {
    const known = this.#values.get(word);
    if (known !== undefined) return known;
    const has = this.#mayHave(word) && this.#standsAsValue(word);
    this.#values.set(word, has);
    return has;
  }

  #standsAsValue(word: string): boolean {
    for (let at = this.#search(word, 0); at >= 0; at = this.#search(word, at + word.length)) {
      const isName = this.#text[at - 1] === '"' && this.#text.startsWith('":', at + word.length);
      if (!isName || this.#left <= 0) return true;
    }
    return false;
  }

  #mayHave(part: string): boolean {
    if (part.length < GRAM) return true;
    this.#pieces ??= new Pieces(this.#text);
    return this.#pieces.mayHave(part);
  }

  /** @returns where it stands, and some place when nothing is searched for any more. */
  #search(part: string, from: number): number {
    if (this.#left <= 0) return from;
    const at = this.#text.indexOf(part, from);
    this.#left -= (at < 0 ? this.#text.length : at) - from + part.length;
    return at;
  }
}

/** All pieces of a text, as bits: what is not among them does not stand in it. */
class Pieces {
  readonly #bits: Uint8Array;
  readonly #shift: number;

  constructor(text: string) {
    const wanted = Math.ceil(Math.log2(text.length + 1)) + ROOM_BITS;
    const size = Math.min(MAX_BITS, Math.max(MIN_BITS, wanted));
    this.#bits = new Uint8Array(2 ** (size - 3));
    this.#shift = 32 - size;
    const bits = this.#bits;
    const shift = this.#shift;
    let hash = 0;
    for (let index = 0; index < text.length; index += 1) {
      hash = rolled(hash, text, index);
      if (index < GRAM - 1) continue;
      const bit = Math.imul(hash, SPREAD) >>> shift;
      bits[bit >>> 3] = (bits[bit >>> 3] ?? 0) | (1 << (bit & 7));
    }
  }

  mayHave(part: string): boolean {
    let hash = 0;
    for (let index = 0; index < part.length; index += 1) {
      hash = rolled(hash, part, index);
      if (index < GRAM - 1) continue;
      const bit = Math.imul(hash, SPREAD) >>> this.#shift;
      if (((this.#bits[bit >>> 3] ?? 0) & (1 << (bit & 7))) === 0) return false;
    }
    return true;
  }
}

/** The hash of the last characters up to that place, from the one before. */
function rolled(hash: number, text: string, index: number): number {
  const next = (Math.imul(hash, FACTOR) + text.charCodeAt(index)) | 0;
  return index < GRAM ? next : (next - Math.imul(text.charCodeAt(index - GRAM), LEAVING)) | 0;
}
