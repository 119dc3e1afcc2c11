/**
 * Images, sound and files in texts, as data URLs or bare base64: told by kind and size. Cut somewhere in the middle they would
 * be of no use to anybody, and whole they are larger than everything else.
 */

/** Shorter ones may be ids. */
const MIN_OF_KNOWN_TYPE = 256;
const MIN_OF_UNKNOWN_TYPE = 1_024;

/** How files of a type begin, in base64. */
const BEGINNINGS: readonly (readonly [beginning: string, mediaType: string])[] = [
  ["iVBORw0KGg", "image/png"],
  ["/9j/", "image/jpeg"],
  ["R0lGOD", "image/gif"],
  ["UklGR", "image/webp"],
  ["PHN2Zy", "image/svg+xml"],
  ["JVBERi0", "application/pdf"],
  ["UEsDB", "application/zip"],
  ["H4sI", "application/gzip"],
  ["SUQz", "audio/mpeg"],
  ["T2dnUw", "audio/ogg"],
  ["GkXfo", "video/webm"],
];

/** Of a RIFF file the type stands behind its length. */
const WAVE = /^UklGR.{5,6}(?:XQV|V0FW)/;

const DATA_URL = /^data:([\w.+-]{1,64}\/[\w.+-]{1,64})?(?:;[\w.+=-]{1,64}){0,4};base64,/;
const BEFORE_DATA = /data:(?:([\w.+-]{1,64}\/[\w.+-]{1,64}))?(?:;[\w.+=-]{1,64}){0,4};base64,$/;
/** Longest head of a data URL that is looked for. */
const MAX_HEAD = 256;

/** Base64 is one long word of letters of both cases and digits. */
const WORD = /^[\w+/-]+={0,2}$/;
const SAMPLE = 512;

const mark = (mediaType: string | undefined, characters: number): string =>
  `[${mediaType ?? "base64"}, ${Math.floor((characters * 3) / 4)} bytes]`;

/**
 * @param mediaType where something beside the text says it.
 * @returns what stands for the text when all of it is such data.
 */
export function blobMark(text: string, mediaType?: string): string | undefined {
  if (text.length < MIN_OF_KNOWN_TYPE) return undefined;
  const head = DATA_URL.exec(text.slice(0, MAX_HEAD));
  const start = head?.[0].length ?? 0;
  if (!isWord(text, start)) return undefined;
  return markOf(text, start, text.length, head?.[1] ?? mediaType, head !== null);
}

/** Looks at samples: a word of ten million characters is not walked through. */
function isWord(text: string, start: number): boolean {
  const middle = start + Math.floor((text.length - start) / 2);
  return (
    WORD.test(text.slice(start, start + SAMPLE)) &&
    WORD.test(text.slice(middle, middle + SAMPLE)) &&
    WORD.test(text.slice(-SAMPLE)) &&
    endOfWord(text, start) === text.length
  );
}

function markOf(
  text: string,
  start: number,
  end: number,
  mediaType: string | undefined,
  isSaid: boolean,
): string | undefined {
  const length = end - start;
  const padding = text[end - 1] === "=" ? (text[end - 2] === "=" ? 2 : 1) : 0;
  const known = mediaType ?? typeByBeginning(text.slice(start, start + 16));
  if (!isSaid && length < (known === undefined ? MIN_OF_UNKNOWN_TYPE : MIN_OF_KNOWN_TYPE)) return undefined;
  if (!isSaid && known === undefined && !isMixed(text.slice(start, start + MIN_OF_KNOWN_TYPE)))
    return undefined;
  return mark(known, length - padding);
}

function typeByBeginning(beginning: string): string | undefined {
  if (WAVE.test(beginning)) return "audio/wav";
  return BEGINNINGS.find(([start]) => beginning.startsWith(start))?.[1];
}

/** A row of one letter, or a number in hex, is no data of a file. */
const isMixed = (text: string): boolean => /[G-Z]/.test(text) && /[g-z]/.test(text) && /\d/.test(text);

const LONG_WORD = /(?<![\w+/-])[\w+/-]{256}/g;

/**
 * Replaces such data within other text: in Markdown, or in JSON that is not read as such.
 * @param limit characters of the result that are of interest; what is behind them may be left as it is.
 */
export function withoutBlobs(text: string, limit: number): string {
  if (isProse(text, Math.min(text.length, limit + SAMPLE))) return text;
  let kept = "";
  let done = 0;
  let from = 0;
  while (kept.length < limit) {
    const ahead = text.slice(from, from + limit + SAMPLE);
    LONG_WORD.lastIndex = 0;
    const found = LONG_WORD.exec(ahead);
    if (found === null) break;
    const start = from + found.index;
    const end = endOfWord(text, start);
    const head = BEFORE_DATA.exec(text.slice(Math.max(done, start - MAX_HEAD), start));
    const blob = markOf(text, start, end, head?.[1], head !== null);
    if (blob !== undefined) {
      kept += text.slice(done, start - (head?.[0].length ?? 0)) + blob;
      done = end;
    }
    from = end;
    if (start - done > limit) break;
  }
  return done === 0 ? text : kept + text.slice(done);
}

/** Whether there are spaces everywhere, as in most texts: that is seen in a hundredth of the time. */
function isProse(text: string, end: number): boolean {
  let start = 0;
  while (start + MIN_OF_KNOWN_TYPE <= end) {
    const space = text.lastIndexOf(" ", start + MIN_OF_KNOWN_TYPE);
    if (space < start) return false;
    start = space + 1;
  }
  return true;
}

/** What ends a word in JSON, Markdown and addresses. Looked for one by one: that is many times faster than an expression. */
const ENDS = ['"', "'", "`", "\\", " ", "\n", "\r", "\t", ")", "<", ",", "]", "}", "&"];

/** The next character that is certain to end it. */
function endOfWord(text: string, start: number): number {
  let end = text.length;
  for (const character of ENDS) {
    const at = text.indexOf(character, start);
    if (at !== -1 && at < end) end = at;
  }
  return end;
}
