/**
 * What the application handed in, read so that nothing about it can throw: untyped code hands in anything, and telling
 * about work must never be what breaks it.
 */
import { ApieError } from "../model/errors.ts";

/** Members of an input, each of which may be missing although its type says otherwise. */
export type Given<T> = { readonly [Name in keyof T]?: T[Name] | undefined };

/** A copy of an object's members. A member that throws when it is read is left out; anything but an object has none. */
export function members<T extends object>(value: T | null | undefined): Given<T> {
  if (typeof value !== "object" || value === null) return {};
  try {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) return { ...value };
  } catch {
    // A getter or a Proxy that throws: what can be read is read one by one.
  }
  return readOneByOne(value);
}

/** Own and inherited members, so that instances of classes with accessors can be handed in. */
function readOneByOne<T extends object>(value: T): Given<T> {
  const read: Record<PropertyKey, unknown> = {};
  try {
    for (
      let at: object | null = value;
      at !== null && at !== Object.prototype;
      at = Object.getPrototypeOf(at)
    ) {
      for (const name of Object.getOwnPropertyNames(at)) {
        if (Object.hasOwn(read, name)) continue;
        try {
          read[name] = value[name as keyof T];
        } catch {
          // Costs this member only.
        }
      }
    }
  } catch {
    // Cannot even be asked for its members.
  }
  return read as Given<T>;
}

/** What is longer is no id, of ours or of Apie's. */
const MAX_ID = 1_024;

/** Ids are compared and sent as they are. Numbers are taken for their text; anything else is none. */
export function idOf(value: unknown): string | undefined {
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (typeof value !== "string" || value === "" || value.length > MAX_ID) return undefined;
  // Half a character cannot be written into an address.
  return value.toWellFormed();
}

/**
 * A signal of another realm, or of a polyfill, gives up as ours do: one that was ignored would let work begin that nobody wants
 * any more. Anything else is none.
 */
export function signalOf(value: unknown): AbortSignal | undefined {
  if (value instanceof AbortSignal) return value;
  const { aborted, addEventListener, removeEventListener } = members(value as AbortSignal | undefined);
  const isSignal =
    typeof aborted === "boolean" &&
    typeof addEventListener === "function" &&
    typeof removeEventListener === "function";
  return isSignal ? (value as AbortSignal) : undefined;
}

/** @throws {ApieError} code `invalid_argument`: without its callback a call has nothing to run. */
export function requireFunction(call: string, fn: unknown): void {
  if (typeof fn === "function") return;
  const got = fn === null ? "null" : typeof fn;
  throw new ApieError("invalid_argument", `${call}: fn: expected a function, got ${got}`);
}
