/** Building blocks of the request schemas. */
import { z } from "zod";

/** A text that must say something: ids, keys, names. */
export const name = z.string().min(1, "must not be empty").max(512);

/** A text that may be absent; the vendor's clients write null for that in most bodies. */
export const text = z.string().nullish();

/** An id that may be absent. */
export const id = name.nullish();

export const texts = z.array(z.string()).nullish();

/**
 * An object of any members, as it came: a record of zod's would leave out a member called `__proto__`, which in parsed JSON is a
 * name like any other.
 */
export const object = z.custom<Record<string, unknown>>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  "must be an object",
);

export const index = z.int().min(0).nullish();

export const mode = z.enum(["monitor", "enforce"]);

/** Nullish as null, which is how absent values are stored. */
export const orNull = <T>(value: T | null | undefined): T | null => value ?? null;
