/** From zod's findings to a refusal that names each field and what is wrong with it. */
import type { z } from "zod";
import { Refusal, type RefusalIssue } from "./refusal.ts";

const MAX_ISSUES = 20;

/** `["events", 3, "tool", "name"]` → `events[3].tool.name`. */
function pathText(path: readonly PropertyKey[], root = "body"): string {
  const text = path.reduce<string>(
    (sofar, part) =>
      typeof part === "number"
        ? `${sofar}[${part}]`
        : sofar === ""
          ? String(part)
          : `${sofar}.${String(part)}`,
    "",
  );
  return text === "" ? root : text;
}

/** Wording of the two commonest mistakes; zod words the others. */
const wording: z.core.$ZodErrorMap = (issue) => {
  if (issue.code !== "invalid_type") return undefined;
  if (issue.input === undefined) return `is required (${issue.expected})`;
  if (issue.input === null) return `must be ${issue.expected}, not null`;
  return undefined;
};

export function issuesOf(error: z.ZodError, root?: string): RefusalIssue[] {
  return error.issues.map((issue) => ({ path: pathText(issue.path, root), message: issue.message }));
}

export function check<T extends z.ZodType>(
  schema: T,
  value: unknown,
): { ok: true; value: z.output<T> } | { ok: false; error: z.ZodError } {
  const result = schema.safeParse(value, { error: wording });
  return result.success ? { ok: true, value: result.data } : { ok: false, error: result.error };
}

export function refuseInvalid(issues: readonly RefusalIssue[], code = "invalid_request"): Refusal {
  const [first] = issues;
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : "";
  const message = first === undefined ? "The request is not valid" : `${first.path}: ${first.message}${more}`;
  return new Refusal(400, code, message, { issues: issues.slice(0, MAX_ISSUES) });
}

/** @throws Refusal 400 */
export function parse<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const result = check(schema, value);
  if (!result.ok) throw refuseInvalid(issuesOf(result.error));
  return result.value;
}

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/**
 * A word for each top-level field the schema does not know. They are no error, as clients grow faster than servers,
 * but a field that goes nowhere must not go unnoticed either.
 */
export function unknownFields(schema: z.ZodObject, body: object, fate: string): string[] {
  return Object.keys(body)
    .filter((name) => !Object.hasOwn(schema.shape, name))
    .map((name) => {
      const meant = snakeCase(name);
      const hint = meant !== name && Object.hasOwn(schema.shape, meant) ? `; did you mean ${meant}?` : "";
      return `unknown field ${name} was ${fate}${hint}`;
    });
}
