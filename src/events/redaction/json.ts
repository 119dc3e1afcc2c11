/**
 * Redaction and JSON in one pass: what `JSON.stringify(redactor.value(…))` gives, without the copy in between. Every event
 * goes through here, so names and short texts, which repeat by the thousand, are looked at once, and members that come again
 * are added whole: a text made of few pieces is the cheaper one.
 */
import { isHarmlessText, type Verdict, verdictOf } from "./keys.ts";
import { REDACTED } from "./secrets.ts";

/** Ids and times, which are in every event and each new: no secret is so written (but Firecrawl's), and JSON has nothing to escape in them. */
export const HEX_OR_TIME = /^(?!fc-)[0-9a-f:.TZ-]+$/;

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
  /** The last id or time under this name, and its member: what belongs together comes together. */
  lastId: string;
  lastMember: string;
}

const MAX_NAMES = 4_096;
/** Over all names. */
const MAX_MEMBERS = 8_192;
const MAX_TEXT = 160;
const MAX_TOGETHER = 1_024;
const MAX_TOGETHER_TEXT = 512;
const REDACTED_JSON = JSON.stringify(REDACTED);

/** Data that knows how it is written: by the same rules as the object it is when it is copied. */
export abstract class WritesItself {
  abstract written(json: RedactedJson): string;
}

/** Texts that came together under their names. */
interface Together {
  readonly second: string | undefined;
  readonly third: string | undefined;
  readonly json: string;
}

/** In a loop over names it costs nothing, unlike `Object.hasOwn`, which would be most of the loop. */
const { hasOwnProperty: hasOwn } = Object.prototype;

/** An object of names that are themselves replaced: two may become one, which only a copy can show. */
class UncleanName extends Error {}

export class RedactedJson {
  readonly #texts: TextRedaction;
  readonly #names = new Map<string, Name>();
  readonly #together = new Map<string, Together>();
  #members = 0;

  constructor(texts: TextRedaction) {
    this.#texts = texts;
  }

  /**
   * @returns a member of an object, with a comma before it: texts are redacted, and what is below them. Empty for what JSON
   *   leaves out.
   * @throws {UncleanName} when a name of a member below holds a secret.
   */
  member(name: string, value: unknown): string {
    return value === undefined ? "" : this.#named(this.#name(name), value, "open");
  }

  /**
   * @returns the redacted value as JSON; `undefined` for what JSON leaves out.
   * @throws {UncleanName} when a name of a member holds a secret.
   */
  value(value: unknown): string | undefined {
    return this.#value(value, "open");
  }

  /**
   * @returns the beginning of an object: its brace and three members, texts that come together again and again. They are found
   *   by the first; all callers give the same names.
   */
  firstTexts(
    name: string,
    first: string,
    secondName: string,
    second: string | undefined,
    thirdName: string,
    third: string | undefined,
  ): string {
    const known = this.#together.get(first);
    if (known !== undefined && known.second === second && known.third === third) return known.json;
    const members =
      this.member(name, first) + this.member(secondName, second) + this.member(thirdName, third);
    const json = `{${members.slice(1)}`;
    if (this.#together.size >= MAX_TOGETHER) this.#together.clear();
    if (json.length <= MAX_TOGETHER_TEXT) this.#together.set(first, { second, third, json });
    return json;
  }

  /** @param verdict what the names above say of texts here. */
  #value(value: unknown, verdict: Verdict): string | undefined {
    switch (typeof value) {
      case "string":
        return isHarmlessText(value, verdict) ? this.#text(value) : REDACTED_JSON;
      case "number":
        return Number.isFinite(value) ? String(value) : "null";
      case "boolean":
        return value ? "true" : "false";
      case "bigint":
        return this.#value(String(value), verdict);
      case "object":
        if (value === null) return "null";
        if (value instanceof WritesItself) return value.written(this);
        return Array.isArray(value) ? this.#list(value, verdict) : this.#object(value, verdict);
      default:
        return undefined;
    }
  }

  #list(values: readonly unknown[], verdict: Verdict): string {
    let text = "[";
    for (let index = 0; index < values.length; index += 1) {
      if (index > 0) text += ",";
      text += this.#value(values[index], verdict) ?? "null";
    }
    return `${text}]`;
  }

  #object(object: object, above: Verdict): string {
    let text = "";
    for (const key in object) {
      if (!hasOwn.call(object, key)) continue;
      const value: unknown = (object as Record<string, unknown>)[key];
      if (value === undefined) continue;
      const name = this.#name(key);
      if (!name.isClean) throw new UncleanName();
      const member = name.verdict === "open" ? this.#named(name, value, above) : this.#guarded(name, value);
      // The first has no comma; it alone is cut, while it is short.
      text = text === "" ? (member === "" ? "" : `{${member.slice(1)}`) : text + member;
    }
    return text === "" ? "{}" : `${text}}`;
  }

  #named(name: Name, value: unknown, verdict: Verdict): string {
    if (typeof value !== "string" || verdict !== "open") return memberOf(name, this.#value(value, verdict));
    if (value === name.lastId) return name.lastMember;
    const known = name.members.get(value);
    if (known !== undefined) return known;
    if (HEX_OR_TIME.test(value)) {
      name.lastId = value;
      name.lastMember = `${name.lead}"${value}"`;
      return name.lastMember;
    }
    const redacted = this.#texts.text(value);
    const member = name.lead + JSON.stringify(redacted);
    if (redacted === value && value.length <= MAX_TEXT) this.#remember(name, value, member);
    return member;
  }

  /** A member whose name says something of its value. */
  #guarded(name: Name, value: unknown): string {
    if (value === null || typeof value === "boolean") return name.lead + String(value);
    if (name.verdict === "secret") return name.lead + (value === "" ? '""' : REDACTED_JSON);
    return memberOf(name, this.#value(value, name.verdict));
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
    const lead = `,${JSON.stringify(name)}:`;
    const made: Name = {
      lead,
      verdict: verdictOf(name),
      isClean: this.#texts.text(name) === name,
      members: new Map(),
      lastId: "",
      lastMember: `${lead}""`,
    };
    if (this.#names.size >= MAX_NAMES) {
      this.#names.clear();
      this.#members = 0;
    }
    if (name.length <= MAX_TEXT) this.#names.set(name, made);
    return made;
  }
}

const memberOf = (name: Name, value: string | undefined): string =>
  value === undefined ? "" : name.lead + value;
