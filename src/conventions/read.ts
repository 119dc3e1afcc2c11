/**
 * Reading attributes by tables of keys. A table names for each field the keys that may carry it, in order of precedence,
 * so that a convention is data and its history of spellings can be seen at a glance.
 */
import { part, toPlainObject, wordsWithin } from "../events/index.ts";
import type { AttributesLike } from "../model/span.ts";

type Parse<T> = (value: unknown) => T | undefined;

/** One field: how to read a value, and where from. */
export interface Field<T> {
  readonly parse: Parse<T>;
  readonly keys: readonly string[];
}

export type FieldTable<Facts> = {
  readonly [Name in keyof Facts]?: Field<NonNullable<Facts[Name]>>;
};

/** The entry of a table for a name that came from outside: `constructor` is in no table. */
export function entryOf<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** Long texts are content or rubbish; identities and names are short. Cut between words, so that no secret is cut in two. */
const MAX_TEXT = 1_024;

export function parseText(value: unknown): string | undefined {
  if (typeof value === "string") {
    if (value === "") return undefined;
    // Half a character cannot be sent as it is: whoever reads strictly refuses all that is around it.
    return value.length > MAX_TEXT ? part(value, 0, wordsWithin(value, MAX_TEXT)) : value.toWellFormed();
  }
  return typeof value === "number" || typeof value === "bigint" ? String(value) : undefined;
}

export function parseNumber(value: unknown): number | undefined {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

export function parseCount(value: unknown): number | undefined {
  const number = parseNumber(value);
  return number !== undefined && number >= 0 ? Math.trunc(number) : undefined;
}

export function parseFlag(value: unknown): boolean | undefined {
  if (typeof value === "boolean") return value;
  return value === "true" ? true : value === "false" ? false : undefined;
}

/** Longer JSON is not worth its reading. */
const MAX_JSON = 262_144;

/** Attribute values may be JSON in a text, or (SDK 3) the value itself. */
export function parseJson(value: unknown, maxLength = MAX_JSON): unknown {
  if (typeof value !== "string") return value;
  if (value.length > maxLength) return undefined;
  const first = value.trimStart()[0];
  if (first !== "{" && first !== "[" && first !== '"') return undefined;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

/** What another process wrote may be of any size and depth. */
const OBJECT_LIMITS = { depth: 8, items: 200, text: 16_384, characters: 32_768 };

export function parseObject(value: unknown): Record<string, unknown> | undefined {
  return toPlainObject(parseJson(value), OBJECT_LIMITS);
}

/** As MCP and model APIs allow them: what is read from a result is a name, or nothing. */
const TOOL_NAME = /^[\w./:-]{1,128}$/;

export function parseToolName(value: unknown): string | undefined {
  return typeof value === "string" && TOOL_NAME.test(value) ? value : undefined;
}

/** A list of texts: an array, JSON of one, or a single text. */
export function parseTexts(value: unknown): string[] | undefined {
  const parsed = typeof value === "string" ? (parseJson(value) ?? value) : value;
  const items = Array.isArray(parsed) ? parsed : [parsed];
  const texts = items.map(parseText).filter((item) => item !== undefined);
  return texts.length > 0 ? texts : undefined;
}

export const text = (...keys: string[]): Field<string> => ({ parse: parseText, keys });
export const number = (...keys: string[]): Field<number> => ({ parse: parseNumber, keys });
export const count = (...keys: string[]): Field<number> => ({ parse: parseCount, keys });
export const flag = (...keys: string[]): Field<boolean> => ({ parse: parseFlag, keys });
export const texts = (...keys: string[]): Field<readonly string[]> => ({ parse: parseTexts, keys });
export const object = (...keys: string[]): Field<Record<string, unknown>> => ({ parse: parseObject, keys });
/** A field read in a way of its own. */
export const as = <T>(parse: Parse<T>, ...keys: string[]): Field<T> => ({ parse, keys });

export function readField<T>(field: Field<T>, attributes: AttributesLike): T | undefined {
  const { keys } = field;
  for (let index = 0; index < keys.length; index += 1) {
    const value = attributes[keys[index] as string];
    if (value === undefined || value === null) continue;
    const parsed = field.parse(value);
    if (parsed !== undefined) return parsed;
  }
  return undefined;
}

/**
 * Compiles a table into a reader that gives the facts found, or `undefined` when there are none.
 */
export function reader<Facts extends object>(
  table: FieldTable<Facts>,
): (attributes: AttributesLike) => Facts | undefined {
  const fields = Object.entries(table) as [string, Field<unknown>][];
  return (attributes) => {
    let facts: Record<string, unknown> | undefined;
    for (const [name, field] of fields) {
      const value = readField(field, attributes);
      if (value === undefined) continue;
      facts ??= {};
      facts[name] = value;
    }
    return facts as Facts | undefined;
  };
}
