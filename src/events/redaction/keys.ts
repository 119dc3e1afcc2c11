/** Which names of members say that the value is a secret. */

/**
 * What a name says of its value. `secret`: replaced, whatever it is. `token`: numbers are counts and stay, texts are replaced.
 * `count`: a count of tokens, also when it is written as text (`"max_tokens": "512"`).
 */
export type Verdict = "secret" | "token" | "count" | "open";

/** Words that name a secret alone: `userPassword` has the words user and password. */
const SECRET_WORD =
  /^(?:pwd|creds|bearer|jwt|csrf|xsrf|otp|totp|cvv|cvc)$|passw(?:or)?d|passphrase|passcode|credential|authorization|cookies?$/;

/** secret, but neither secretary nor secretion. */
const SECRET = /secret(?!ar|i|e(?!s$)|l)/;

/** The word before `key` decides: a public or a primary key is no secret, an `apikey` is. */
const SECRET_KEY =
  /(?:api|private|access|signing|encryption|account|master|shared|ssh|auth|session|subscription|webhook|deploy|license|hmac) ?keys?(?= |$)/;

/** Other words of which two in a row name a secret. */
const SECRET_PAIR = /(?:verification|security|auth|recovery|backup) codes?(?= |$)|connection string(?= |$)/;

/** tokenizer and tokenize are work on text. */
const TOKEN = /token(?!i[sz])/;

const COUNT_WORDS =
  /tokens$|^(?:avg|budget|cached?|completion|cost|counts?|details|input|limits?|max|min|num|number|output|per|price|prompt|rate|reasoning|remaining|size|total|usage|used)$/;

function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
}

function judge(name: string): Verdict {
  const words = wordsOf(name);
  const phrase = words.join(" ");
  if (words.some((word) => SECRET_WORD.test(word) || SECRET.test(word))) return "secret";
  if (SECRET_KEY.test(phrase) || SECRET_PAIR.test(phrase)) return "secret";
  if (phrase === "auth") return "token";
  if (!words.some((word) => TOKEN.test(word))) return "open";
  return words.some((word) => COUNT_WORDS.test(word)) ? "count" : "token";
}

/** Names repeat by the thousand. */
const verdicts = new Map<string, Verdict>();
const VERDICT_LIMIT = 4_096;
/** A longer one is a text that became a name; its end is not looked at. */
const MAX_NAME = 256;

export function verdictOf(name: string): Verdict {
  let verdict = verdicts.get(name);
  if (verdict === undefined) {
    verdict = judge(name.slice(0, MAX_NAME));
    if (verdicts.size >= VERDICT_LIMIT) verdicts.clear();
    if (name.length <= MAX_NAME) verdicts.set(name, verdict);
  }
  return verdict;
}

/** What names of counts are made of: `max_tokens`, `gen_ai.usage.cache_read.input_tokens`, `promptTokensDetails`. */
const USAGE_WORD =
  /^(?:accepted|ai|audio|avg|budget|cached?|completion|context|cost|counts?|creation|details|estimated|gen|image|input|limits?|llm|max|min|model|num|number|of|output|per|prediction|price|prompt|rate|read|reasoning|rejected|remaining|second|size|text|thinking|tokens?|total|usage|used|window|write)$/;

/** Whether a name is that of a count of tokens, in words every library uses. */
export function isUsageName(name: string): boolean {
  return verdictOf(name) === "count" && wordsOf(name).every((word) => USAGE_WORD.test(word));
}

const NUMERIC = /^\s*[+-]?[\d.,_]+\s*$/;

/** Whether a text under a name of this verdict may stay. */
export function isHarmlessText(text: string, verdict: Verdict): boolean {
  return verdict === "open" || text === "" || (verdict === "count" && NUMERIC.test(text));
}

/** The form in which names given by the user are compared. */
export function comparableName(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");
}
