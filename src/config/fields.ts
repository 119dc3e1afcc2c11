/** What the fields of the options are made of. Each says about a bad value what would be right. */
import { z } from "zod";
import { HOSTED_BASE_URL } from "./product.ts";

export const text = (what: string) =>
  z
    .string({ error: `expected ${what}` })
    .trim()
    .min(1, `expected ${what}`);
/** A text that goes into every event. */
export const name = (what: string) => text(what).max(256, "expected at most 256 characters");
export const optionalText = z.string({ error: "expected text" }).optional();
export const texts = z.array(z.string({ error: "expected text" }), { error: "expected a list of texts" });
export const flag = z.boolean({ error: "expected true or false" }).optional();
export const hook = (what: string) =>
  z
    .custom<unknown>((value) => typeof value === "function", { error: `expected a function ${what}` })
    .optional();
export const whole = (min: number, max: number, unit: string) => {
  const error = `expected a whole number of ${unit} from ${min} to ${max}`;
  return z.number({ error }).int(error).min(min, error).max(max, error).optional();
};
export const oneOf = <const T extends readonly string[]>(...values: T) =>
  z.enum(values, { error: `expected one of ${values.map((value) => `"${value}"`).join(", ")}` });
/** An object of named members, and no others. */
export const members = <const Shape extends z.core.$ZodLooseShape>(shape: Shape, what: string) =>
  z.strictObject(shape, {
    error: (issue) => (issue.code === "invalid_type" ? `expected ${what}` : undefined),
  });
export const listOf = <Item extends z.ZodType>(item: Item, what: string) =>
  z.array(item, { error: `expected a list of ${what}` }).optional();
/** `false`, or what the schema says; what is wrong with the latter is told as if it stood alone. */
export const falseOr = (schema: z.ZodType) =>
  z
    .unknown()
    .superRefine((value, context) => {
      if (value === undefined || value === false) return;
      for (const { path, message } of schema.safeParse(value).error?.issues ?? [])
        context.addIssue({ code: "custom", path, message });
    })
    .optional();
/** An object of somebody else's making, known by a method. */
export const having = (method: string, what: string) =>
  z
    .custom<unknown>(
      (value) => typeof (value as Record<string, unknown> | null | undefined)?.[method] === "function",
      { error: `expected ${what}` },
    )
    .optional();
/** A check that says itself what is wrong. */
export const refusing =
  <T>(problemOf: (value: T) => string | undefined) =>
  (value: T, context: z.RefinementCtx): void => {
    const message = problemOf(value);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  };

/** RFC 9110 field content: no line breaks, so that a value cannot smuggle a second header in. */
const FIELD_CONTENT = /^[\t\x20-\x7e\x80-\xff]*$/;
const FIELD_CONTENT_ERROR =
  "expected text that an HTTP header can carry: no line breaks, and no characters such as … or “";
const headerValue = z.string({ error: "expected text" }).regex(FIELD_CONTENT, FIELD_CONTENT_ERROR);

/** Written by the HTTP client from the body and the connection. */
const FRAMING_HEADERS = new Set(["connection", "content-length", "transfer-encoding", "upgrade"]);

function headerNameProblem(header: string): string | undefined {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(header)) return "expected a header name";
  return FRAMING_HEADERS.has(header.toLowerCase())
    ? "expected another header: the HTTP client writes this one"
    : undefined;
}

export const headers = z
  .record(z.string(), headerValue, { error: "expected an object of header names and values" })
  .superRefine((given, context) => {
    for (const header of Object.keys(given)) {
      const message = headerNameProblem(header);
      if (message !== undefined) context.addIssue({ code: "custom", path: [header], message });
    }
  });

const ADDRESS = `the address of Apie, e.g. "${HOSTED_BASE_URL}"`;

function addressProblem(value: string): string | undefined {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    return `expected an http(s) address, e.g. "${HOSTED_BASE_URL}"`;
  // Paths are appended to it, and it is named in messages.
  if (url.username !== "" || url.password !== "") return "expected an address without user and password";
  return url.search === "" && url.hash === "" ? undefined : "expected an address without ? and #";
}

export const address = text(ADDRESS).superRefine(refusing(addressProblem)).optional();

export const apiKey = z
  .string({ error: "expected the API key" })
  .trim()
  .min(1, "expected the API key")
  .regex(FIELD_CONTENT, FIELD_CONTENT_ERROR)
  .optional();
