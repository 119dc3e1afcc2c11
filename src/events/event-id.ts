/**
 * Ids of events: UUIDs of version 8 (RFC 9562 §5.8) made of trace id, span id, type and index, the same on every machine.
 *
 * Each event needs one, and SHA-1 would be a tenth of what an event costs. Trace and span ids are random already, so it is
 * enough to mix them well: the mixing is that of MurmurHash3 (x86, 128 bit; github.com/aappleby/smhasher), in which no two
 * spans of a trace, and no two types at a span, come to the same 128 bits; of these 122 are kept. What names the type is a
 * hash of SHA-1, which applications may choose freely.
 */
import { nameUuid, sha1 } from "./ids.ts";

/** Digits by the codes of their characters; 16 for every other character. */
const DIGITS = new Uint8Array(128).fill(16);
const HEX = "0123456789abcdef";
const CODES = new Uint8Array(16);
for (let digit = 0; digit < 16; digit += 1) {
  const code = HEX.charCodeAt(digit);
  DIGITS[code] = digit;
  CODES[digit] = code;
}

const TRACE_LENGTH = 32;
const SPAN_LENGTH = 16;

/** Whether the ids are as OpenTelemetry writes them; spans may be made by hand. */
function isHex(text: string, length: number): boolean {
  if (text.length !== length) return false;
  for (let at = 0; at < length; at += 1) if (!((DIGITS[text.charCodeAt(at)] ?? 16) < 16)) return false;
  return true;
}

/** 32 bits from eight digits. */
function wordAt(text: string, start: number): number {
  let word = 0;
  for (let at = start; at < start + 8; at += 1) word = (word << 4) | (DIGITS[text.charCodeAt(at)] ?? 0);
  return word;
}

type Words = readonly [number, number, number, number];

const C1 = 0x239b961b;
const C2 = 0xab0e9789;
const C3 = 0x38b34ae5;
const C4 = 0xa1e38b93;

const rotated = (word: number, by: number): number => (word << by) | (word >>> (32 - by));

/** What is mixed, in place: objects made for it would cost more than the mixing. */
let h1 = 0;
let h2 = 0;
let h3 = 0;
let h4 = 0;

/** Takes 128 bits in. */
function take(k1: number, k2: number, k3: number, k4: number): void {
  h1 ^= Math.imul(rotated(Math.imul(k1, C1), 15), C2);
  h1 = (Math.imul((rotated(h1, 19) + h2) | 0, 5) + 0x561ccd1b) | 0;
  h2 ^= Math.imul(rotated(Math.imul(k2, C2), 16), C3);
  h2 = (Math.imul((rotated(h2, 17) + h3) | 0, 5) + 0x0bcaa747) | 0;
  h3 ^= Math.imul(rotated(Math.imul(k3, C3), 17), C4);
  h3 = (Math.imul((rotated(h3, 15) + h4) | 0, 5) + 0x96cd1c35) | 0;
  h4 ^= Math.imul(rotated(Math.imul(k4, C4), 18), C1);
  h4 = (Math.imul((rotated(h4, 13) + h1) | 0, 5) + 0x32ac3b17) | 0;
}

function avalanche(word: number): number {
  const a = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  const b = Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
  return b ^ (b >>> 16);
}

function add(): void {
  h1 = (h1 + h2 + h3 + h4) | 0;
  h2 = (h2 + h1) | 0;
  h3 = (h3 + h1) | 0;
  h4 = (h4 + h1) | 0;
}

function finish(): void {
  add();
  h1 = avalanche(h1);
  h2 = avalanche(h2);
  h3 = avalanche(h3);
  h4 = avalanche(h4);
  add();
}

/** Spans come trace by trace. */
let lastTrace = "";
let lastState: Words = [0, 0, 0, 0];

function takeTrace(traceId: string): boolean {
  if (traceId !== lastTrace) {
    if (!isHex(traceId, TRACE_LENGTH)) return false;
    h1 = h2 = h3 = h4 = 0;
    take(wordAt(traceId, 0), wordAt(traceId, 8), wordAt(traceId, 16), wordAt(traceId, 24));
    lastTrace = traceId;
    lastState = [h1, h2, h3, h4];
  }
  [h1, h2, h3, h4] = lastState;
  return true;
}

/** Types are few, but an application may make them up. */
const typeWords = new Map<string, Words>();
const MAX_TYPES = 1_024;
const MAX_TYPE = 256;

function wordsOfType(name: string): Words {
  const known = typeWords.get(name);
  if (known !== undefined) return known;
  const hex = sha1(`event:${name}`);
  const words: Words = [wordAt(hex, 0), wordAt(hex, 8), wordAt(hex, 16), wordAt(hex, 24)];
  if (typeWords.size >= MAX_TYPES) typeWords.clear();
  if (name.length <= MAX_TYPE) typeWords.set(name, words);
  return words;
}

const code = (word: number, shift: number): number => CODES[(word >>> shift) & 15] as number;
const DASH = 0x2d;
const VERSION = 0x38;

/** One call for all characters makes the text in one piece. */
const uuid = (a: number, b: number, c: number, d: number): string =>
  // biome-ignore format: eight digits a line
  String.fromCharCode(
    code(a, 28), code(a, 24), code(a, 20), code(a, 16), code(a, 12), code(a, 8), code(a, 4), code(a, 0),
    DASH, code(b, 28), code(b, 24), code(b, 20), code(b, 16), DASH, VERSION, code(b, 8), code(b, 4), code(b, 0),
    DASH, CODES[8 | ((c >>> 28) & 3)] as number, code(c, 24), code(c, 20), code(c, 16),
    DASH, code(c, 12), code(c, 8), code(c, 4), code(c, 0),
    code(d, 28), code(d, 24), code(d, 20), code(d, 16), code(d, 12), code(d, 8), code(d, 4), code(d, 0),
  );

/**
 * @param type one of the protocol, or any text of the application's.
 * @param index tells events of one type about one span apart.
 */
export function eventIdOf(traceId: string, spanId: string, type: string, index = 0): string {
  const name = index === 0 ? type : `${index}/${type}`;
  if (!isHex(spanId, SPAN_LENGTH) || !takeTrace(traceId))
    return nameUuid(`${traceId}${spanId}${index}/${type}`);
  const [t1, t2, t3, t4] = wordsOfType(name);
  take(wordAt(spanId, 0), wordAt(spanId, 8), t1, t2);
  take(t3, t4, 0, 0);
  finish();
  return uuid(h1, h2, h3, h4);
}
