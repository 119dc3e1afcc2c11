/**
 * Secrets that can be recognised by the name before them, in texts: `DB_PASSWORD=…`, `"apiKey": "…"` (also inside of quoted
 * JSON), `Authorization: …`, `--token …`, "the password is …".
 */
import { isHarmlessText, type Verdict } from "./keys.ts";
import { REDACTED } from "./secrets.ts";

/** A name that is assigned to. It begins where a word begins, so that each place is looked at once. */
const ASSIGNED = /(?<![\w-])([\w-]{2,96})(?:\\{0,7}["'`]?\s{0,3}(?:=>|:=|==?|:)\s{0,3}|\s{1,3}is:?\s{1,3})/g;
/** A command's option whose value is the next word. */
const OPTION = /(?<![\w-])(--[\w-]{2,96})\s{1,3}(?![-\s])/g;

/** Signs that a text holds such a name; names of the user's have their own. */
export const NAME_SIGNS =
  "passw|passphrase|passcode|pwd|creds|credential|secret|token|bearer|cookie|jwt|csrf|xsrf|otp|cv[cv]|auth|(?:api|private|access|signing|encryption|account|master|shared|ssh|session|subscription|webhook|deploy|license|hmac)[\\s_.-]?key|(?:verification|security|recovery|backup)[\\s_.-]?code|connection[\\s_.-]?string";

/** @param verdictOf what a name says of its value. */
export function replaceAssigned(text: string, verdictOf: (name: string) => Verdict): string {
  const assigned = replaceAll(text, ASSIGNED, verdictOf);
  return assigned.includes("--") ? replaceAll(assigned, OPTION, verdictOf) : assigned;
}

interface Assignment {
  text: string;
  name: string;
  verdict: Verdict;
  /** Where name and value begin. */
  start: number;
  valueStart: number;
}

/** Where the part of the text that is to be replaced begins and ends. */
type Range = readonly [start: number, end: number];

function replaceAll(text: string, names: RegExp, verdictOf: (name: string) => Verdict): string {
  let replaced = "";
  let done = 0;
  names.lastIndex = 0;
  for (let match = names.exec(text); match !== null; match = names.exec(text)) {
    const [, name = ""] = match;
    const verdict = verdictOf(wholeName(text, match.index, name));
    if (verdict === "open") continue;
    const range = secretOf({ text, name, verdict, start: match.index, valueStart: names.lastIndex });
    if (range === undefined) continue;
    replaced += text.slice(done, range[0]) + REDACTED;
    [, done] = range;
    names.lastIndex = done;
  }
  return done === 0 ? text : replaced + text.slice(done);
}

/** In prose a name has two words: "API key: …". */
function wholeName(text: string, start: number, name: string): string {
  if (!/^(?:keys?|codes?|string)$/i.test(name)) return name;
  const before = /[\w-]{2,24} $/.exec(text.slice(Math.max(0, start - 25), start));
  return before === null ? name : before[0] + name;
}

function secretOf(assignment: Assignment): Range | undefined {
  const { text, verdict, valueStart } = assignment;
  const quoted = quotedAt(text, valueStart);
  if (quoted !== undefined) return isHarmlessText(text.slice(...quoted), verdict) ? undefined : quoted;
  return headerAt(assignment) ?? bareSecret(assignment);
}

/** A text in quotes, which may themselves be escaped; one that was cut off goes to its end. */
function quotedAt(text: string, start: number): Range | undefined {
  let at = start;
  while (text[at] === "\\" && at - start < 8) at += 1;
  const quote = text[at];
  if (quote !== '"' && quote !== "'" && quote !== "`") return undefined;
  const escapes = at - start;
  const first = at + 1;
  for (let end = text.indexOf(quote, first); end !== -1; end = text.indexOf(quote, end + 1)) {
    let slashes = 0;
    while (end - slashes > first && text[end - slashes - 1] === "\\") slashes += 1;
    if (slashes <= escapes || (escapes === 0 && slashes % 2 === 0)) {
      return [first, end - Math.min(slashes, escapes)];
    }
  }
  return [first, text.length];
}

/** What tells a value from other words stands in its first characters. */
const MAX_LOOK = 256;

const LINE_END = /["'`\r\n]|$/g;
const WORD_END = /[\s"'`,;&<>(){}[\]|\\]|$/g;

function endOf(text: string, start: number, ends: RegExp): number {
  ends.lastIndex = start;
  return ends.exec(text)?.index ?? text.length;
}

const CREDENTIALS =
  /^(?:\S+$|(?:apikey|api-key|aws4\S*|basic|bearer|digest|dpop|hawk|key|negotiate|ntlm|signature|token)\s+\S)/i;

/** Headers have values with spaces and semicolons; prose about headers has neither credentials nor pairs. */
function headerAt({ text, name, valueStart }: Assignment): Range | undefined {
  const isCookie = /cookie/i.test(name);
  if (!isCookie && !/authorization/i.test(name)) return undefined;
  const look = text.slice(valueStart, valueStart + MAX_LOOK);
  const line = look.slice(0, endOf(look, 0, LINE_END)).trim();
  const isHeader = isCookie ? line.includes("=") : CREDENTIALS.test(line) && !NO_VALUE.test(line);
  return isHeader ? [valueStart, endOf(text, valueStart, LINE_END)] : undefined;
}

function bareSecret(assignment: Assignment): Range | undefined {
  const { text, name, verdict, start, valueStart } = assignment;
  const look = text.slice(valueStart, valueStart + MAX_LOOK);
  const word = look.slice(0, endOf(look, 0, WORD_END));
  if (!isValue(word, name, look[word.length])) return undefined;
  if (NUMBER.test(word) && verdict !== "secret") return undefined;
  const between = text.slice(start + name.length, valueStart);
  // Without room for prose around it an assignment is for a machine, and so is one that has a line to itself.
  const isSure =
    between === "=" ||
    name.startsWith("--") ||
    (between === ":" ? isPair(assignment, word) : isOpaque(word) || isWholeLine(assignment, word));
  return isSure ? [valueStart, endOf(text, valueStart, WORD_END)] : undefined;
}

/** `password:hunter2`, but not the parts of `arn:aws:secretsmanager:eu-1:123:secret:db/main-1a`. */
function isPair({ text, start }: Assignment, word: string): boolean {
  return text[start - 1] !== ":" && !/[:/]/.test(word) && isOpaque(word);
}

const NUMBER = /^[\d.,_]+$/;

/** What stands for a value in code, schemas and prose. */
const NO_VALUE =
  /^(?:any|await|bool(?:ean)?|bytes|empty|env|expired|false|hidden|input|int(?:eger)?|invalid|masked|missing|new|nil|no|none|null|number|object|optional|required|set|str(?:ing)?|text|true|undefined|unknown|unset|valid|yes)\??$/i;
/** A reference to a value: `process.env.KEY`, `$KEY`, `config.apiKey`. */
const REFERENCE = /^(?:\$|%|process\.env|os\.environ|import\.meta|env\.)|^[A-Za-z_$]+(?:\.[A-Za-z_$]+)+$/;
/** The working directory, in the environment of a shell. */
const isDirectory = (name: string, word: string): boolean =>
  /^(?:old)?pwd$/i.test(name) && /^[/~]/.test(word);

function isValue(word: string, name: string, next: string | undefined): boolean {
  if (word === "" || word === name || next === "(") return false;
  return !NO_VALUE.test(word) && !REFERENCE.test(word) && !isDirectory(name, word);
}

/** Letters and digits mixed are no word of a language; a row of digits is a code. */
function isOpaque(word: string): boolean {
  return /^\d{4,}[.,]?$/.test(word) || (word.length >= 6 && /\d/.test(word) && /[A-Za-z]/.test(word));
}

/** As in YAML and .env files: `  password: letmein`. */
function isWholeLine({ text, start, valueStart }: Assignment, word: string): boolean {
  const before = text.slice(Math.max(0, start - 24), start);
  const end = valueStart + word.length;
  const after = text.slice(end, end + 8);
  return (
    word.length >= 4 &&
    (start <= 24 ? /(?:^|[\r\n])[\s\-*"']*$/ : /[\r\n][\s\-*"']*$/).test(before) &&
    /^[,;]?[ \t]*(?:[\r\n]|$)/.test(after)
  );
}
