/** The one redaction policy: over events, bodies of runs and sessions, and the texts our own API writes on spans. */
import { createHmac } from "node:crypto";
import { denyExpression } from "../../config/index.ts";
import { setOwn } from "../own.ts";
import { NAME_SIGNS, replaceAssigned } from "./assignments.ts";
import { maybeEncoded, replaceEncoded } from "./encoded.ts";
import { HEX_OR_TIME, RedactedJson } from "./json.ts";
import { isHarmlessText, isUsageName, type Verdict, verdictOf } from "./keys.ts";
import { OwnNames } from "./own-names.ts";
import { FORM_SIGNS, REDACTED, replaceForms } from "./secrets.ts";

export { HEX_OR_TIME, type RedactedJson, WritesItself } from "./json.ts";
export { REDACTED } from "./secrets.ts";

export interface RedactionOptions {
  /** Further names of members whose values are replaced, also within longer names: `ssn` is in `customer_ssn`. */
  redactKeys?: readonly string[] | undefined;
  /** Dot paths that are left as they are, in either spelling, e.g. `payloadSummary.reset_token`. */
  redactAllowPaths?: readonly string[] | undefined;
  /** What they match in a text is replaced; a member whose name they match loses its value. */
  redactDenyPatterns?: readonly (string | RegExp)[] | undefined;
}

/** Paths are compared in the wire's spelling, so that `payloadSummary.x` and `payload_summary.x` are one. */
const comparablePath = (path: string): string => path.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();

/** Shorter texts hold nothing that could be recognised. */
const MIN_TEXT = 6;

/** Names and models repeat by the thousand: what was found clean stays clean. */
const CLEAN_LIMIT = 4_096;
const CLEAN_TEXT = 160;
const clean = new Set<string>();

const SIGNS = new RegExp(`${FORM_SIGNS}|${NAME_SIGNS}`, "i");

/** What a text may hold: secrets as they are, or in another writing. */
interface Suspicion {
  readonly plain: boolean;
  readonly encoded: boolean;
}

const NONE: Suspicion = { plain: false, encoded: false };
const BOTH: Suspicion = { plain: true, encoded: true };
const PLAIN: Suspicion = { plain: true, encoded: false };
const ENCODED: Suspicion = { plain: false, encoded: true };

function suspicionOf(text: string): Suspicion {
  if (HEX_OR_TIME.test(text) || clean.has(text)) return NONE;
  const isEncoded = maybeEncoded(text);
  if (SIGNS.test(text)) return isEncoded ? BOTH : PLAIN;
  if (isEncoded) return ENCODED;
  if (text.length <= CLEAN_TEXT) {
    if (clean.size >= CLEAN_LIMIT) clean.clear();
    clean.add(text);
  }
  return NONE;
}

/** Only where there are signs of one: looking for every form takes far longer than looking for signs of any. */
const withoutForms = (text: string): string => (SIGNS.test(text) ? replaceForms(text) : text);

/** Longer JSON is looked through as text. */
const MAX_JSON = 262_144;

function parsedJson(text: string): object | undefined {
  if (text.length > MAX_JSON || !/^\s*[[{]/.test(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

export class Redactor {
  readonly #own: OwnNames;
  readonly #identityKey: string | undefined;
  readonly #allowed: ReadonlySet<string>;
  readonly #denied: readonly RegExp[];
  /** Writes JSON redacted in one pass; only where no option asks for more than the built-in rules. */
  readonly json: RedactedJson | undefined;

  /**
   * @param identityKey tells ids apart that are replaced, and makes the same of the same one in every process that has it;
   *   nobody without it can find out what was replaced by trying.
   */
  constructor(options: RedactionOptions = {}, identityKey?: string) {
    this.#own = new OwnNames(options.redactKeys);
    this.#identityKey = identityKey;
    this.#allowed = new Set(options.redactAllowPaths?.map(comparablePath));
    this.#denied = options.redactDenyPatterns?.map(denyExpression) ?? [];
    const isPlain = this.#own.size + this.#allowed.size + this.#denied.length === 0;
    this.json = isPlain ? new RedactedJson(this) : undefined;
  }

  /** Replaces what is a secret by its form alone: for names that must stay the same whatever the options say. */
  secrets(text: string): string {
    const { plain, encoded } = suspicionOf(text);
    const replaced = plain ? replaceForms(text) : text;
    return encoded ? replaceEncoded(replaced, withoutForms) : replaced;
  }

  /**
   * The same for an id or key, by which things are found again: two that are replaced stay two, `[REDACTED:1f2e3d4c5b6a]`.
   */
  identity(text: string): string {
    const replaced = this.secrets(text);
    if (replaced === text || this.#identityKey === undefined) return replaced;
    const mark = createHmac("sha256", this.#identityKey).update(text).digest("hex").slice(0, 12);
    return replaced.replace(REDACTED, `[REDACTED:${mark}]`);
  }

  /** Replaces recognisable secrets, what secret names are given, and what the user's patterns match. */
  text(text: string): string {
    return this.#text(text, "");
  }

  /** A redacted copy of plain data. `path` is where it stands, e.g. `metadata`. */
  value<T>(value: T, path: string): T {
    return this.#copy(value, path, "open") as T;
  }

  #text(text: string, path: string): string {
    if (text.length < MIN_TEXT) return this.#deny(text);
    const { plain, encoded } = suspicionOf(text);
    const isNamed = plain || this.#own.mayBeIn(text) || this.#isDenied(text);
    const named = isNamed ? this.#named(text, path) : text;
    const replaced = plain ? replaceForms(named) : named;
    return this.#deny(encoded ? replaceEncoded(replaced, (inside) => this.#inside(inside, path)) : replaced);
  }

  /** What stood in another writing. */
  #inside(text: string, path: string): string {
    return SIGNS.test(text) || this.#own.mayBeIn(text) ? replaceForms(this.#named(text, path)) : text;
  }

  /** Values of secret names in a text: by the rules of members where it is JSON, else as they are assigned. */
  #named(text: string, path: string): string {
    const json = parsedJson(text);
    if (json !== undefined) {
      try {
        const redacted = JSON.stringify(this.#copy(json, path, "open"));
        return redacted === JSON.stringify(json) ? text : redacted;
      } catch {
        // Nested too deeply to be walked: looked through as text.
      }
    }
    return replaceAssigned(text, (name) => this.#verdict(name));
  }

  #deny(text: string): string {
    let replaced = text;
    for (const pattern of this.#denied) {
      replaced = replaced.replace(pattern, (match) => (match === "" ? "" : REDACTED));
    }
    return replaced;
  }

  /** @param verdict what the names above say of texts here. */
  #copy(value: unknown, path: string, verdict: Verdict): unknown {
    if (this.#isAllowed(path)) return value;
    if (typeof value === "string") {
      return isHarmlessText(value, verdict) ? this.#text(value, path) : REDACTED;
    }
    if (typeof value === "number") return this.#isDenied(String(value)) ? REDACTED : value;
    // JSON can carry neither, and a toJSON of the data's own would give what was replaced.
    if (typeof value === "bigint") return this.#copy(String(value), path, verdict);
    if (typeof value === "function" || typeof value === "symbol") return undefined;
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value))
      return value.map((item, index) => this.#copy(item, this.#at(path, index), verdict));
    const copy: Record<string, unknown> = {};
    for (const key of Object.keys(value)) {
      const member = (value as Record<string, unknown>)[key];
      setOwn(copy, this.#name(key), this.#member(key, member, this.#at(path, key), verdict));
    }
    return copy;
  }

  #member(key: string, value: unknown, path: string, above: Verdict): unknown {
    if (value === undefined || value === null || typeof value === "boolean") return value;
    if (this.#isAllowed(path)) return value;
    const verdict = this.#verdict(key);
    if (verdict === "secret") return value === "" ? value : REDACTED;
    return this.#copy(value, path, verdict === "open" ? above : verdict);
  }

  /** Rules for what is called token or input are not meant for the names of counts, which are the same everywhere. */
  #name(name: string): string {
    return isUsageName(name) ? name : this.text(name);
  }

  #verdict(name: string): Verdict {
    const verdict = verdictOf(name);
    if (verdict === "secret" || this.#own.isOne(name)) return "secret";
    if (!this.#own.isWithin(name) && !this.#isDenied(name)) return verdict;
    return isUsageName(name) ? "count" : "secret";
  }

  #isDenied(text: string): boolean {
    return this.#denied.some((pattern) => {
      pattern.lastIndex = 0;
      return pattern.test(text);
    });
  }

  #at(path: string, key: string | number): string {
    return this.#allowed.size === 0 ? "" : `${path}.${key}`;
  }

  #isAllowed(path: string): boolean {
    return this.#allowed.size > 0 && this.#allowed.has(comparablePath(path));
  }
}
