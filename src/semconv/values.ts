import type { ValueType } from "./types.ts";

const SCALARS: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === "string",
  int: (value) => Number.isSafeInteger(value),
  double: (value) => typeof value === "number",
  boolean: (value) => typeof value === "boolean",
};

/** Whether a value is of an attribute's type. */
export function isOfType(value: unknown, type: ValueType): boolean {
  if (type === "any") return true;
  if (!type.endsWith("[]")) return SCALARS[type]?.(value) ?? false;
  return Array.isArray(value) && value.every((item) => SCALARS[type.slice(0, -2)]?.(item));
}

/** Whether a value is the text of a JSON object. */
export function isJsonObject(text: unknown): boolean {
  if (typeof text !== "string") return false;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
