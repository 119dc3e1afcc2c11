/**
 * Errors quote what they are about: a server the event it refuses, a function the text it cannot parse. What is told of an
 * error ends up in logs, and what was sent or read may be content: it is not repeated there.
 */

import { Given } from "./given.ts";

/** Stands for what is not told. */
export const LEFT_OUT = "[…]";

/** Longer ones are no words of a message in another's language but values: ids, names, texts without spaces. */
const LONG_WORD = 8;
const WORD = /[^\s"'`“”(){}[\]<>,;|]+/g;
const QUOTED = /(["'`])([^"'`]{3,}?)\1|“([^”]{3,})”/g;
/** Words of the protocol, and names of members of more than one word: they say where something is wrong. */
const KNOWN_WORD =
  /^(?:agent\.[a-z._]+|events?|metadata|payload(?:_?summary|Summary)?|type|tool|action|resource|decision|approval|error|message|name|status|timestamp|environment|provider)$/;
const MEMBER_NAME = /^[a-z]+(?:(?:_[a-z]|[A-Z])[a-z]*)+$/;

/**
 * @param said the message.
 * @param given JSON of what it may repeat; as `Given` for more than one message.
 * @returns the message without what stands in a value of `given`; names of members stay.
 */
export function withoutEcho(said: string, given: string | Given | undefined): string {
  if (given === undefined || given === "") return said;
  const before = typeof given === "string" ? new Given(given) : given;
  const isGiven = (text: string): boolean => before.has(inJson(text));
  const isName = (text: string): boolean =>
    KNOWN_WORD.test(text) || (MEMBER_NAME.test(text) && !before.hasValue(text));
  const unquoted = said.replace(QUOTED, (whole: string, quote: string | undefined, plain, fancy) => {
    const text = String(plain ?? fancy);
    if (isName(text) || !isGiven(text)) return whole;
    return quote === undefined ? `“${LEFT_OUT}”` : quote + LEFT_OUT + quote;
  });
  return withoutWords(unquoted, isGiven, isName);
}

type Test = (text: string) => boolean;

interface Word {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** Leaves out long words that were given, and rows of words that were given one after the other. */
function withoutWords(said: string, isGiven: Test, isName: Test): string {
  const words = [...said.matchAll(WORD)].map(
    ({ 0: match, index }): Word => ({
      text: match.replace(/[.:!?]+$/, ""),
      start: index,
      end: index + match.length,
    }),
  );
  const isEcho = words.map(({ text }) => text.length >= LONG_WORD && !isName(text) && isGiven(text));
  for (let index = 0; index + 1 < words.length; index += 1) {
    const first = words[index];
    const second = words[index + 1];
    if (first === undefined || second === undefined) continue;
    const isRow = /^[ ]$/.test(said.slice(first.end, second.start));
    const row = said.slice(first.start, second.start + second.text.length);
    if (!isRow || row.length < LONG_WORD || !isGiven(row)) continue;
    isEcho[index] = true;
    isEcho[index + 1] = true;
  }
  let told = "";
  let done = 0;
  for (const [index, { start, end }] of words.entries()) {
    if (isEcho[index] !== true) continue;
    const between = said.slice(done, start);
    told += done > 0 && between.trim() === "" && told.endsWith(LEFT_OUT) ? "" : between + LEFT_OUT;
    done = end;
  }
  return told + said.slice(done);
}

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);
