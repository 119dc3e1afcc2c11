/** Query parameters: typed, bounded, and never ignored when mistyped (a filter with a typo would answer everything). */
import { z } from "zod";
import { Refusal } from "./refusal.ts";
import type { AppContext } from "./route.ts";
import { check, issuesOf, refuseInvalid } from "./validate.ts";

/** A whole number between the bounds, with a default. */
export const wholeNumber = <Fallback extends number | undefined>(options: {
  min: number;
  max: number;
  fallback: Fallback;
}) =>
  z
    .string()
    .regex(/^\d{1,15}$/, "must be a whole number")
    .transform(Number)
    .pipe(z.number().min(options.min).max(options.max))
    .optional()
    .transform((value) => value ?? options.fallback);

/** `limit` of a list. */
export const pageLimit = (fallback: number, max: number) => wholeNumber({ min: 1, max, fallback });

/** `cursor` of a list that is ordered by so many key columns: what the last page gave as `next_cursor`. */
export const pageCursor = (keys = 1) =>
  z
    .string()
    .regex(new RegExp(`^-?\\d{1,19}(\\.-?\\d{1,19}){${keys - 1}}$`), "is not one that this list gave")
    .transform((text) => text.split(".").map((key) => BigInt.asIntN(64, BigInt(key))))
    .optional();

/** Filters: plain text, never empty. */
export const textFilter = z.string().min(1).max(512).optional();

/** @throws Refusal 400 for wrong values, unknown parameters and parameters given twice */
export function readQuery<T extends z.ZodRawShape>(c: AppContext, shape: T): z.output<z.ZodObject<T>> {
  const given = Object.entries(c.req.queries());
  const repeated = given.find(([, values]) => values.length > 1);
  if (repeated !== undefined) throw new Refusal(400, "invalid_query", `${repeated[0]}: given more than once`);
  const result = check(
    z.strictObject(shape),
    Object.fromEntries(given.map(([name, values]) => [name, values[0]])),
  );
  if (!result.ok) throw refuseInvalid(issuesOf(result.error, "query"), "invalid_query");
  return result.value as z.output<z.ZodObject<T>>;
}

/** A path parameter of the route's own pattern. */
export function pathParameter(c: AppContext, name: string): string {
  const value = c.req.param(name);
  if (value === undefined) throw new Error(`The route has no parameter ${name}`);
  return value;
}
