/**
 * Redaction and JSON in one pass: what `JSON.stringify(redactor.value(…))` gives, without the copy in between. Every event
 * goes through here, so names and short texts, which repeat by the thousand, are looked at once.
 */
import { isHarmlessText, type Verdict, verdictOf } from "./keys.ts";
import { REDACTED } from "./secrets.ts";

/** Ids and times, which are in every event and each new: no secret is so written, and JSON has nothing to escape in them. */
export const HEX_OR_TIME = /^[0-9a-f:.TZ-]+$/;

/** How texts are redacted. */
export interface TextRedaction {
  text(text: string): string;
}

interface Name {
  /** A comma, the name and its colon. */
  readonly lead: string;
  readonly verdict: Verdict;
  readonly isClean: boolean;
  /** Whole members with a text of this name that redaction leaves as it is. */
  readonly members: Map<string, string>;
}

const MAX_NAMES = 4_096;
/** Over all names. */
const MAX_MEMBERS = 8_192;
const MAX_TEXT = 160;
const REDACTED_JSON = JSON.stringify(REDACTED);

/** An object of names that are themselves replaced: two may become one, which only a copy can show. */
export class UncleanName extends Error {}

/**
 * Writes pieces of JSON into a list: joined once at the end, they cost a third of the memory that texts added to each other
 * do.
 */
export class RedactedJson {
  readonly #texts: TextRedaction;
  readonly #names = new Map<string, Name>();
  #members = 0;

  constructor(texts: TextRedaction) {
    this.#texts = texts;
  }

  /**
   * Adds a member of an object, with a comma before it: texts are redacted, and what is below them. Nothing is added for
   * what JSON leaves out.
   * @throws {UncleanName} when a name of a member below holds a secret.
   */
  member(out: string[], name: string, value: unknown): void {
    this.#named(out, this.#name(name), value, "open");
  }

  /** The same for a text or number that is not to be redacted. */
  rawMember(out: string[], name: string, value: string | number): void {
    out.push(this.#name(name).lead, typeof value === "string" ? rawText(value) : String(value));
  }

  /**
   * @returns the redacted value as JSON; `undefined` for what JSON leaves out.
   * @throws {UncleanName} when a name of a member holds a secret.
   */
  value(value: unknown): string | undefined {
    const out: string[] = [];
    return this.#value(out, value, "open") ? out.join("") : undefined;
  }

  /**
   * @param verdict what the names above say of texts here.
   * @returns whether there was something to write.
   */
  #value(out: string[], value: unknown, verdict: Verdict): boolean {
    switch (typeof value) {
      case "string":
        out.push(isHarmlessText(value, verdict) ? this.#text(value) : REDACTED_JSON);
        return true;
      case "number":
        out.push(Number.isFinite(value) ? String(value) : "null");
        return true;
      case "boolean":
        out.push(value ? "true" : "false");
        return true;
      case "bigint":
        return this.#value(out, String(value), verdict);
      case "object":
        if (value === null) out.push("null");
        else if (Array.isArray(value)) this.#list(out, value, verdict);
        else this.#object(out, value, verdict);
        return true;
      default:
        return false;
    }
  }

  #list(out: string[], values: readonly unknown[], verdict: Verdict): void {
    out.push("[");
    for (let index = 0; index < values.length; index += 1) {
      if (index > 0) out.push(",");
      if (!this.#value(out, values[index], verdict)) out.push("null");
    }
    out.push("]");
  }

  #object(out: string[], object: object, above: Verdict): void {
    const start = out.push("{");
    for (const key in object) {
      if (!Object.hasOwn(object, key)) continue;
      const value: unknown = (object as Record<string, unknown>)[key];
      if (value === undefined) continue;
      const name = this.#name(key);
      if (!name.isClean) throw new UncleanName();
      if (name.verdict === "open") this.#named(out, name, value, above);
      else this.#guarded(out, name, value);
    }
    const first = out[start];
    if (first !== undefined) out[start] = first.slice(1);
    out.push("}");
  }

  #named(out: string[], name: Name, value: unknown, verdict: Verdict): void {
    if (typeof value !== "string" || verdict !== "open") {
      out.push(name.lead);
      if (!this.#value(out, value, verdict)) out.pop();
      return;
    }
    const known = name.members.get(value);
    if (known !== undefined) {
      out.push(known);
    } else if (HEX_OR_TIME.test(value)) {
      out.push(name.lead, `"${value}"`);
    } else {
      const redacted = this.#texts.text(value);
      const member = name.lead + JSON.stringify(redacted);
      if (redacted === value && value.length <= MAX_TEXT) this.#remember(name, value, member);
      out.push(member);
    }
  }

  /** A member whose name says something of its value. */
  #guarded(out: string[], { lead, verdict }: Name, value: unknown): void {
    if (value === null || typeof value === "boolean") {
      out.push(lead, String(value));
    } else if (verdict === "secret") {
      out.push(lead, value === "" ? '""' : REDACTED_JSON);
    } else {
      out.push(lead);
      if (!this.#value(out, value, verdict)) out.pop();
    }
  }

  #text(text: string): string {
    return HEX_OR_TIME.test(text) ? `"${text}"` : JSON.stringify(this.#texts.text(text));
  }

  #remember(name: Name, text: string, member: string): void {
    if (this.#members >= MAX_MEMBERS) {
      for (const { members } of this.#names.values()) members.clear();
      this.#members = 0;
    }
    name.members.set(text, member);
    this.#members += 1;
  }

  #name(name: string): Name {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const made: Name = {
      lead: `,${JSON.stringify(name)}:`,
      verdict: verdictOf(name),
      isClean: this.#texts.text(name) === name,
      members: new Map(),
    };
    if (this.#names.size >= MAX_NAMES) {
      this.#names.clear();
      this.#members = 0;
    }
    if (name.length <= MAX_TEXT) this.#names.set(name, made);
    return made;
  }
}

const rawText = (text: string): string => (HEX_OR_TIME.test(text) ? `"${text}"` : JSON.stringify(text));
